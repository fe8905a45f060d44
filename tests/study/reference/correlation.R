# Rank correlation: run with `Rscript correlation.R` in this folder; writes correlation.json.
source("reference.R")

enumerated <- function(x, y) {
  ranks_x <- rank(x); ranks_y <- rank(y)
  ways <- permutations(length(x))
  shuffled <- matrix(ranks_y[ways], nrow = nrow(ways))
  shares(cor(t(shuffled), ranks_x), cor(ranks_x, ranks_y))
}

rank_correlation <- function(name) {
  x <- unlist(datasets[[name]]$x); y <- unlist(datasets[[name]]$y)
  result <- list(rho = cor(x, y, method = "spearman"), enumerated = enumerated(x, y))
  # R enumerates too, up to nine pairs, when there are no ties.
  if (!anyDuplicated(x) && !anyDuplicated(y)) {
    result$p_exact <- cor.test(x, y, method = "spearman", exact = TRUE)$p.value
  }
  result
}

cases <- list(pairs_8 = rank_correlation("pairs_8"), pairs_tied_8 = rank_correlation("pairs_tied_8"))
write_reference("correlation.json", cases, "stats")
