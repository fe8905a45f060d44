# Two groups of animals: run with `Rscript two_groups.R` in this folder; writes two_groups.json.
source("reference.R")
suppressPackageStartupMessages({library(coin); library(exactRankTests); library(effectsize); library(multtest)})

welch_t <- function(values, in_first) {
  a <- values[in_first]; b <- values[!in_first]
  difference <- mean(b) - mean(a)
  if (difference == 0) 0 else difference / sqrt(var(a) / length(a) + var(b) / length(b))
}

# b above a is "less" for coin, whose statistic is the first group's sum.
by_coin <- function(values, group) {
  test <- function(alternative) oneway_test(values ~ group, distribution = "exact", alternative = alternative)
  list(two_sided = as.numeric(pvalue(test("two.sided"))), greater = as.numeric(pvalue(test("less"))),
       less = as.numeric(pvalue(test("greater"))), mid_greater = as.numeric(midpvalue(test("less"))),
       mid_less = as.numeric(midpvalue(test("greater"))))
}

# The shifts of b that a one-sided test at 2.5 % does not reject, one side after the other, by halving.
inverted <- function(a, b, is_rejected) {
  end <- function(side) {
    kept <- mean(b) - mean(a); out <- kept + side * 10 * diff(range(c(a, b)))
    stopifnot(is_rejected(a, b - out, -side), !is_rejected(a, b - kept, -side))
    for (halving in 1:60) {
      middle <- (kept + out) / 2
      if (is_rejected(a, b - middle, -side)) out <- middle else kept <- middle
    }
    kept
  }
  c(end(-1), end(1))
}

mid_p <- function(a, b, side) {
  tail <- enumerated(c(a, b), length(a), function(values, first) side * welch_t(values, first))
  tail$greater - tail$equal / 2
}

enumerated <- function(values, n, statistic) {
  chosen <- combn(length(values), n)
  null <- apply(chosen, 2, function(first) statistic(values, seq_along(values) %in% first))
  shares(null, statistic(values, seq_along(values) <= n))
}

equivalence <- function(a, b, margin) {
  lower <- t.test(b, a, mu = -margin, alternative = "greater")
  upper <- t.test(b, a, mu = margin, alternative = "less")
  list(margin = margin, permuted_mid_p = max(mid_p(a, b + margin, 1), mid_p(a, b - margin, -1)), p = max(lower$p.value, upper$p.value), df = unname(lower$parameter),
       ci90 = as.numeric(t.test(b, a, conf.level = 0.9)$conf.int)
  )
}

margins <- list(villus_5_5 = 60, crypt_4_7 = 15, tied_5_5 = 3, equal_6_6 = 5, equal_3_3 = 6)

two_groups <- function(name) {
  a <- unlist(datasets[[name]]$a); b <- unlist(datasets[[name]]$b)
  values <- c(a, b); group <- factor(rep(c("a", "b"), c(length(a), length(b))))
  welch <- t.test(b, a)
  student <- t.test(b, a, var.equal = TRUE)
  g <- hedges_g(b, a, pooled_sd = TRUE, ci = 0.95)
  # effectsize searches the noncentrality to about six digits; this is the same interval, to ten.
  t <- unname(student$statistic); df <- unname(student$parameter)
  noncentrality <- function(p) {
    uniroot(function(shift) pt(t, df, shift) - p, c(t - 12, t + 12), tol = 1e-12)$root
  }
  to_effect <- g$Hedges_g / t
  tenths <- round(values * 10)
  list(
    mean_difference = mean(b) - mean(a),
    welch = list(t = unname(welch$statistic), df = unname(welch$parameter), p = welch$p.value,
                 ci = as.numeric(welch$conf.int)),
    student = list(t = unname(student$statistic), df = unname(student$parameter), p = student$p.value),
    hedges_g = list(g = g$Hedges_g, ci = c(g$CI_low, g$CI_high),
                    ci_to_ten_digits = sort(to_effect * c(noncentrality(0.975), noncentrality(0.025)))),
    # coin and exactRankTests: the difference of means; enumerated: Welch's t too, which histo uses.
    coin_oneway_exact = by_coin(values, group),
    exactranktests_perm = perm.test(tenths[group == "a"], tenths[group == "b"], exact = TRUE)$p.value,
    enumerated_welch = enumerated(values, length(a), welch_t),
    enumerated_difference = enumerated(values, length(a), function(v, first) mean(v[!first]) - mean(v[first])),
    # Inverted from the enumerated test, each tail at 2.5 % by mid-p.
    interval = if (!anyDuplicated(values) && length(values) > 6) inverted(a, b, function(a, b, side) mid_p(a, b, side) <= 0.025),
    tost = equivalence(a, b, margins[[name]])
  )
}

as_matrix <- function(rows) do.call(rbind, lapply(rows, unlist))

endpoints <- cbind(as_matrix(datasets$five_endpoints_5_5$a), as_matrix(datasets$five_endpoints_5_5$b))
# It prints each relabeling's number.
invisible(capture.output(max_t <- mt.maxT(endpoints, rep(0:1, each = 5), test = "t", side = "abs", B = 0)))
max_t <- max_t[order(max_t$index), ]

names_of_sets <- c("villus_5_5", "crypt_4_7", "tied_5_5", "equal_6_6", "equal_3_3")
cases <- sapply(names_of_sets, two_groups, simplify = FALSE)
cases$five_endpoints_5_5 <- list(t = max_t$teststat, p = max_t$rawp, p_adjusted = max_t$adjp)

# Labels change places within a batch only. lm's |t| of the group orders relabelings as coin's statistic does.
batches <- with(datasets$two_batches, data.frame(
  value = c(unlist(a), unlist(b)), group = factor(rep(c("a", "b"), c(length(a), length(b)))), batch = factor(unlist(strata))
))
blocked <- function(alternative) oneway_test(
  value ~ group | batch, batches, distribution = exact(algorithm = "shift", fact = 10), alternative = alternative
)
fit <- lm(value ~ group + batch, batches)
adjusted_t <- function(frame) {
  coef(summary(lm(value ~ group + batch, frame)))["groupb", "t value"]
}
within <- split(seq_len(nrow(batches)), batches$batch)
places <- lapply(within, function(rows) combn(rows, sum(batches$group[rows] == "b"), simplify = FALSE))
null <- apply(expand.grid(lapply(places, seq_along)), 1, function(choice) {
  chosen <- unlist(Map(function(options, one) options[[one]], places, choice))
  adjusted_t(transform(batches, group = factor(ifelse(seq_along(value) %in% chosen, "b", "a"))))
})
# A third road to the same order: what b's animals have above their batch. Its interval is that of the inverted test.
above_batch <- function(values, is_b) sum((values - ave(values, batches$batch))[is_b])
choices <- expand.grid(lapply(places, seq_along))
chosen_rows <- apply(choices, 1, function(choice) unlist(Map(function(options, one) options[[one]], places, choice)))
is_b <- batches$group == "b"
mid_p_within <- function(a, b, side) {
  values <- c(a, b)
  null <- apply(chosen_rows, 2, function(rows) side * above_batch(values, seq_along(values) %in% rows))
  tail <- shares(null, side * above_batch(values, is_b))
  tail$greater - tail$equal / 2
}
interval <- inverted(batches$value[!is_b], batches$value[is_b], function(a, b, side) mid_p_within(a, b, side) <= 0.025)
cases$two_batches <- list(
  interval = interval,
  estimate = unname(coef(fit)["groupb"]), ci = as.numeric(confint(fit)["groupb", ]),
  t = coef(summary(fit))["groupb", "t value"], df = df.residual(fit), p = coef(summary(fit))["groupb", "Pr(>|t|)"],
  coin_blocked_exact = list(two_sided = as.numeric(pvalue(blocked("two.sided"))), greater = as.numeric(pvalue(blocked("less"))),
                            mid_greater = as.numeric(midpvalue(blocked("less")))),
  enumerated = shares(null, adjusted_t(batches))
)

p <- unlist(datasets$p_values$p)
cases$p_values <- sapply(c("holm", "BH", "bonferroni"), function(method) p.adjust(p, method), simplify = FALSE)
write_reference("two_groups.json", cases, c("coin", "exactRankTests", "effectsize", "multtest"))
