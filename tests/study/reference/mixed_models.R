# Repeated animals and levels: run with `Rscript mixed_models.R` in this folder; writes mixed_models.json.
source("reference.R")
suppressPackageStartupMessages({library(lmerTest); library(pbkrtest); library(emmeans); library(psych)})

variances <- function(model) {
  parts <- as.data.frame(VarCorr(model))
  setNames(as.list(parts$vcov), parts$grp)
}

coefficients_of <- function(model, ddf) {
  table <- coef(summary(model, ddf = ddf))
  setNames(lapply(seq_len(nrow(table)), function(row) list(
    estimate = table[row, "Estimate"], se = table[row, "Std. Error"], df = table[row, "df"],
    t = table[row, "t value"], p = table[row, "Pr(>|t|)"]
  )), rownames(table))
}

terms_of <- function(model, ddf) {
  table <- anova(model, ddf = ddf)
  setNames(lapply(seq_len(nrow(table)), function(row) list(
    F = table[row, "F value"], df = c(table[row, "NumDF"], table[row, "DenDF"]), p = table[row, "Pr(>F)"]
  )), rownames(table))
}

# lme4's defaults stop at about five digits.
strict <- lmerControl(optimizer = "nloptwrap", optCtrl = list(xtol_abs = 1e-13, ftol_abs = 1e-14, maxeval = 1e5))

fitted_by_reml <- function(formula, frame) {
  model <- lmer(formula, frame, control = strict)
  list(
    formula = deparse1(formula),
    variances = variances(model),
    log_likelihood = as.numeric(logLik(model)),
    satterthwaite = list(coefficients = coefficients_of(model, "Satterthwaite"), terms = terms_of(model, "Satterthwaite")),
    kenward_roger = list(coefficients = coefficients_of(model, "Kenward-Roger"), terms = terms_of(model, "Kenward-Roger"))
  )
}

# The factor's labels are shuffled within each animal, in every way; statistic: sum of squares between its levels.
blocked <- function(frame, factor_name) {
  frame <- frame[order(frame$animal), ]
  k <- nlevels(frame[[factor_name]]); n <- nlevels(factor(frame$animal))
  centred <- matrix(frame$value - ave(frame$value, frame$animal), nrow = k)
  ways <- permutations(k)
  index <- as.matrix(expand.grid(rep(list(seq_len(nrow(ways))), n)))
  sums <- lapply(seq_len(n), function(animal) t(apply(ways, 1, function(way) centred[way, animal])))
  statistic <- function(rows) sum(Reduce(`+`, Map(function(part, row) part[row, ], sums, rows))^2)
  null <- apply(index, 1, statistic)
  # Ordered levels: within an animal, how many pairs rise (Jonckheere-Terpstra's count, summed over animals).
  rising <- function(values) sum(outer(values, values, "<")[upper.tri(diag(k))])
  counts <- lapply(seq_len(n), function(animal) apply(ways, 1, function(way) rising(centred[way, animal])))
  j <- sum(apply(centred, 2, rising)); expected <- n * k * (k - 1) / 4
  null_j <- rowSums(mapply(function(part, column) part[column], counts, as.data.frame(index)))
  slope <- function(sums_of_levels) sum(sums_of_levels * seq_len(k))
  null_slope <- apply(index, 1, function(rows) slope(Reduce(`+`, Map(function(part, row) part[row, ], sums, rows))))
  additive <- anova(lm(value ~ animal + frame[[factor_name]], frame))
  list(permuted_sum_of_squares = shares(null, sum(rowSums(centred)^2)),
       jonckheere = c(list(J = j, expected = expected), shares(null_j, j)),
       permuted_slope = shares(null_slope, slope(rowSums(centred))),
       F = additive$`F value`[2], df = additive$Df[2:3], p_of_F = additive$`Pr(>F)`[2])
}

segments <- frame_of("segments"); unbalanced <- frame_of("segments_unbalanced")
followed <- frame_of("followed"); pairs <- frame_of("followed_pairs")
sections <- frame_of("sections"); unequal <- frame_of("sections_unequal"); nested <- frame_of("nested")
nested_balanced <- frame_of("nested_balanced")

contrasts_of <- function(formula, frame, ddf) {
  model <- lmer(formula, frame, control = strict)
  means <- emmeans(model, "group", lmer.df = ddf)
  as.data.frame(summary(contrast(means, "trt.vs.ctrl", ref = 1, adjust = "none"), infer = TRUE))
}

difference <- with(pairs, value[timepoint == "14"] - value[timepoint == "0"])
is_first <- pairs$timepoint == "0"
paired <- t.test(difference)
by_animal <- aggregate(value ~ animal + group, sections, mean)
icc <- ICC(matrix(sections$value, ncol = 6, byrow = TRUE)[1:5, ], lmer = FALSE)$results

cases <- list(
  segments = fitted_by_reml(value ~ group + segment + (1 | animal), segments),
  segments_interaction = fitted_by_reml(value ~ group * segment + (1 | animal), segments),
  segments_covariates = fitted_by_reml(value ~ group + segment + sex + batch + (1 | animal), segments),
  unbalanced = fitted_by_reml(value ~ group + segment + (1 | animal), unbalanced),
  unbalanced_covariates = fitted_by_reml(value ~ group + segment + sex + batch + (1 | animal), unbalanced),
  unbalanced_group_only = fitted_by_reml(value ~ group + (1 | animal), unbalanced),
  followed = fitted_by_reml(value ~ timepoint + (1 | animal), followed),
  sections = fitted_by_reml(value ~ group + (1 | animal), sections),
  sections_unequal = fitted_by_reml(value ~ group + (1 | animal), unequal),
  nested = fitted_by_reml(value ~ group + (1 | animal / section), nested),
  nested_balanced = fitted_by_reml(value ~ group + (1 | animal / section), nested_balanced),
  # Balanced, so these are REML's values without an optimiser.
  nested_balanced_anova = (function() {
    table <- summary(aov(value ~ group + Error(animal / section), nested_balanced))
    square <- sapply(table, function(stratum) tail(stratum[[1]]$`Mean Sq`, 1))
    list(animal = (square[[1]] - square[[2]]) / 24, `section:animal` = (square[[2]] - square[[3]]) / 6, Residual = square[[3]])
  })(),
  # Balanced, so these must be the split-plot's textbook values: group is tested between animals.
  segments_split_plot = (function() {
    table <- summary(aov(value ~ group + segment + Error(animal), segments))
    between <- table[[1]][[1]]; within <- table[[2]][[1]]
    list(group = list(F = between$`F value`[1], df = between$Df, p = between$`Pr(>F)`[1]),
         segment = list(F = within$`F value`[1], df = within$Df, p = within$`Pr(>F)`[1]))
  })(),
  unbalanced_contrasts = contrasts_of(value ~ group + segment + (1 | animal), unbalanced, "satterthwaite"),
  sections_animal_means = list(t = unname(t.test(value ~ group, by_animal, var.equal = TRUE)$statistic),
                               p = t.test(value ~ group, by_animal, var.equal = TRUE)$p.value),
  blocked_followed = blocked(followed, "timepoint"),
  blocked_pairs = c(blocked(pairs, "timepoint"), list(
    t = unname(paired$statistic), p_of_t = paired$p.value, ci = as.numeric(paired$conf.int),
    exactranktests_perm = exactRankTests::perm.test(
      round(10 * pairs$value[!is_first]), round(10 * pairs$value[is_first]), paired = TRUE, exact = TRUE
    )$p.value
  )),
  icc_one_group = list(icc1 = icc$ICC[1], ci = c(icc$`lower bound`[1], icc$`upper bound`[1]))
)
write_reference("mixed_models.json", cases, c("lme4", "lmerTest", "pbkrtest", "emmeans", "psych", "exactRankTests"))
