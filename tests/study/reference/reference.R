# What the scripts of this folder share: reading the data sets, enumerating relabelings, writing results with versions.
suppressPackageStartupMessages(library(jsonlite))

datasets <- fromJSON("datasets.json", simplifyMatrix = FALSE)

frame_of <- function(name) {
  frame <- as.data.frame(datasets[[name]], stringsAsFactors = TRUE)
  orders <- list(group = c("control", "EAE 7", "EAE 14"), segment = c("duodenum", "jejunum", "ileum"),
                 timepoint = c("0", "7", "14"))
  for (column in intersect(names(orders), names(frame))) {
    frame[[column]] <- droplevels(factor(frame[[column]], levels = orders[[column]]))
  }
  frame
}

long_of <- function(values) {
  data.frame(value = unlist(values), group = factor(rep(seq_along(values), lengths(values))))
}

# Every way to give the labels 1..k, so many times each, to the values: one row a relabeling.
labelings <- function(sizes) {
  if (length(sizes) == 1) return(matrix(1L, 1, sizes))
  n <- sum(sizes)
  rest <- labelings(sizes[-1]) + 1L
  chosen <- combn(n, sizes[1])
  parts <- lapply(seq_len(ncol(chosen)), function(column) {
    part <- matrix(1L, nrow(rest), n)
    part[, setdiff(seq_len(n), chosen[, column])] <- rest
    part
  })
  do.call(rbind, parts)
}

permutations <- function(n) {
  if (n == 1) return(matrix(1L, 1, 1))
  shorter <- permutations(n - 1)
  do.call(rbind, lapply(seq_len(n), function(first) cbind(first, shorter + (shorter >= first), deparse.level = 0)))
}

# Shares of the null distribution above, below and at the observed statistic; statistics that differ by rounding only
# are the same number. A two-sided p-value is made of them in one of several ways; each test says which.
shares <- function(null, observed) {
  rounding <- 1e-9 * max(1, abs(observed))
  list(greater = mean(null >= observed - rounding), less = mean(null <= observed + rounding),
       equal = mean(abs(null - observed) <= rounding), n_relabelings = length(null))
}

write_reference <- function(file, cases, packages) {
  versions <- c(R = as.character(getRversion()), sapply(packages, function(name) as.character(packageVersion(name))))
  write_json(
    list(source = as.list(versions), cases = cases), file,
    auto_unbox = TRUE, digits = I(15), pretty = TRUE, na = "null"
  )
}
