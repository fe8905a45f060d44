# Several groups and ordered groups of animals: run with `Rscript several_groups.R` in this folder; writes
# several_groups.json.
source("reference.R")

classical_f <- function(values, label) {
  means <- tapply(values, label, mean); n <- tabulate(label)
  between <- sum(n * (means - mean(values))^2) / (length(n) - 1)
  between / (sum((values - means[label])^2) / (length(values) - length(n)))
}

# oneway.test's statistic, without its formula, which takes a minute for all relabelings.
welch_f <- function(values, label) {
  n <- tabulate(label); k <- length(n)
  parts <- split(values, label)
  weights <- n / vapply(parts, var, 0); means <- vapply(parts, mean, 0)
  centre <- sum(weights * means) / sum(weights)
  lost <- sum((1 - weights / sum(weights))^2 / (n - 1)) / (k^2 - 1)
  sum(weights * (means - centre)^2) / (k - 1) / (1 + 2 * (k - 2) * lost)
}

# Mann-Whitney counts of every pair of groups in their order, ties as half.
jonckheere <- function(values, label) {
  k <- max(label)
  pairs <- combn(k, 2)
  sum(apply(pairs, 2, function(pair) {
    d <- outer(values[label == pair[2]], values[label == pair[1]], "-")
    sum(d > 0) + sum(d == 0) / 2
  }))
}

# Without ties J is a sum of independent Mann-Whitney counts (each group against all before it): a road to the exact
# distribution that enumerates nothing.
jonckheere_by_convolution <- function(sizes, observed) {
  distribution <- 1
  for (group in 2:length(sizes)) {
    m <- sum(sizes[seq_len(group - 1)]); n <- sizes[group]
    part <- dwilcox(0:(m * n), n, m)
    long <- numeric(length(distribution) + m * n)
    for (step in seq_along(part)) {
      at <- step - 1 + seq_along(distribution)
      long[at] <- long[at] + part[step] * distribution
    }
    distribution <- long
  }
  counts <- seq_along(distribution) - 1
  list(greater = sum(distribution[counts >= observed]), less = sum(distribution[counts <= observed]))
}

slope_r <- function(values, label) cor(values, label)

several <- function(name, all_labelings = TRUE) {
  values <- lapply(datasets[[name]]$values, unlist)
  sizes <- lengths(values)
  frame <- long_of(values); y <- frame$value; label <- as.integer(frame$group)
  classical <- anova(lm(value ~ group, frame))
  welch <- oneway.test(value ~ group, frame)
  stopifnot(all.equal(unname(welch$statistic), welch_f(y, label)))
  j <- jonckheere(y, label)
  n <- length(y); expected <- (n^2 - sum(sizes^2)) / 4
  kendall <- suppressWarnings(cor.test(y, label, method = "kendall", exact = FALSE))
  line <- lm(y ~ label)
  result <- list(
    anova = list(F = classical$`F value`[1], df = classical$Df, p = classical$`Pr(>F)`[1]),
    welch = list(F = unname(welch$statistic), df = as.numeric(welch$parameter), p = welch$p.value),
    # Jonckheere-Terpstra's standardised J is Kendall's S of values and group numbers.
    jonckheere = list(J = j, expected = expected, z = unname(kendall$statistic), p_asymptotic = kendall$p.value),
    slope = list(estimate = unname(coef(line)[2]), ci = as.numeric(confint(line)[2, ]), p = summary(line)$coefficients[2, 4])
  )
  if (!anyDuplicated(y)) result$jonckheere$convolution <- jonckheere_by_convolution(sizes, j)
  if (all_labelings) {
    all <- labelings(sizes)
    null <- function(statistic) apply(all, 1, function(one) statistic(y, one))
    null_j <- null(jonckheere)
    result$jonckheere$enumerated <- shares(null_j, j)
    result$permuted_f <- shares(null(classical_f), classical_f(y, label))
    result$permuted_slope <- shares(null(slope_r), slope_r(y, label))
    # Welch's F has no value where a relabeling leaves a group without scatter, as ties can.
    if (!anyDuplicated(y)) result$permuted_welch_f <- shares(null(welch_f), welch_f(y, label))
  }
  result
}

cases <- list(
  three_4_4_4 = several("three_4_4_4"),
  three_3_4_5 = several("three_3_4_5"),
  three_tied_4_4_4 = several("three_tied_4_4_4"),
  motivation_6_6_6 = several("motivation_6_6_6", all_labelings = FALSE)
)
write_reference("several_groups.json", cases, c("stats"))
