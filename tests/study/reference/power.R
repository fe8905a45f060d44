# Power: run with `Rscript power.R` in this folder; writes power.json.
source("reference.R")
suppressPackageStartupMessages(library(pwr))

of_difference <- function(effect, n) {
  found <- power.t.test(n = n, delta = effect, sd = 1, strict = TRUE)
  list(effect_sd = effect, n = n, power = found$power)
}

animals_needed <- function(effect, power) {
  found <- power.t.test(delta = effect, sd = 1, power = power, strict = TRUE)
  list(effect_sd = effect, power = power, n = found$n)
}

unequal <- function(effect, n_a, n_b) {
  list(effect_sd = effect, n_a = n_a, n_b = n_b, power = pwr.t2n.test(n1 = n_a, n2 = n_b, d = effect)$power)
}

of_groups <- function(f, k, n) list(f = f, k = k, n = n, power = pwr.anova.test(k = k, n = n, f = f)$power)

cases <- list(
  power = c(lapply(c(0.5, 1, 1.2, 2, 3), of_difference, n = 5), lapply(c(3, 4, 8, 20), function(n) of_difference(1.2, n))),
  animals_needed = Map(animals_needed, c(1, 1.2, 1.5, 2, 3), 0.8),
  unequal = list(unequal(1.2, 4, 7), unequal(2, 3, 6)),
  groups = list(of_groups(0.6, 3, 5), of_groups(1, 3, 4))
)
write_reference("power.json", cases, c("stats", "pwr"))
