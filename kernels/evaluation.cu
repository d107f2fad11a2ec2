// SPDX-License-Identifier: Apache-2.0
// Sums that metrics are made of, with Thrust.
#include "evaluation.cuh"

#include <thrust/binary_search.h>
#include <thrust/device_ptr.h>
#include <thrust/execution_policy.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/zip_iterator.h>
#include <thrust/sort.h>
#include <thrust/transform.h>
#include <thrust/transform_reduce.h>
#include <thrust/tuple.h>

#include "device/scratch_array.cuh"

namespace slalom::cuda {
namespace {

// All of it is bound by memory: a pass reads outputs, targets (or labels), weights and row numbers once; a ranking
// writes, sorts (eight passes of 12 bytes) and searches n scores. Row numbers out of order cost a sector a target.
// Test: tests/cuda/evaluation_test.cpp.

__device__ core::JudgedRow judged_row(const EvaluatedRows& e, std::int64_t i, std::int64_t row) {
  const bool labels = e.data.labels != nullptr;
  return {e.outputs + i * e.n_outputs, e.n_outputs, labels ? nullptr : e.data.targets + row * e.n_outputs,
          labels ? e.data.labels[row] : 0};
}
__device__ std::int64_t row_number(const EvaluatedRows& e, std::int64_t i) {
  return e.rows == nullptr ? i : static_cast<std::int64_t>(e.rows[i]);
}

/// Three sums at once.
struct Sums {
  double a, b, c;
  __host__ __device__ friend Sums operator+(const Sums& x, const Sums& y) { return {x.a + y.a, x.b + y.b, x.c + y.c}; }
};

struct LossOf {
  EvaluatedRows e;
  __device__ Sums operator()(std::int64_t i) const {
    const std::int64_t row = row_number(e, i);
    const double loss = core::row_loss(e.loss, e.loss_constant, judged_row(e, i, row));
    const double weight = e.data.weights == nullptr ? 1.0 : static_cast<double>(e.data.weights[row]);
    return {weight * loss, weight, loss};
  }
};

struct ResidualOf {
  EvaluatedRows e;
  std::int64_t target;
  core::TargetUnits units;
  __device__ Sums operator()(std::int64_t i) const {
    const core::JudgedRow row = judged_row(e, i, row_number(e, i));
    const double residual = units.residual(row.z[target], row.targets[target]);
    return {residual * residual, fabs(residual), units.value(row.targets[target])};
  }
};

struct SpreadOf {
  EvaluatedRows e;
  std::int64_t target;
  core::TargetUnits units;
  double mean;
  __device__ double operator()(std::int64_t i) const {
    const double d = units.value(judged_row(e, i, row_number(e, i)).targets[target]) - mean;
    return d * d;
  }
};

struct CellOf {
  EvaluatedRows e;
  std::int64_t n_classes;
  __device__ std::int64_t operator()(std::int64_t i) const {
    const core::JudgedRow row = judged_row(e, i, row_number(e, i));
    return core::true_class(e.loss, row) * n_classes + core::predicted_class(e.loss, row);
  }
};

struct ScoreOf {
  EvaluatedRows e;
  std::int64_t ranking;
  __device__ thrust::tuple<double, std::int32_t> operator()(std::int64_t i) const {
    const core::JudgedRow row = judged_row(e, i, row_number(e, i));
    double score = 0.0;
    core::ranking_scores(e.loss, row, [&](std::int64_t r, double s) { score = r == ranking ? s : score; });
    return {score, core::true_class(e.loss, row) == core::ranked_class(e.loss, e.n_outputs, ranking) ? 1 : 0};
  }
};

/// A row's rank, if it counts: the mean of the places of all rows with its score.
struct RankOf {
  __device__ Sums operator()(const thrust::tuple<double, std::int32_t, std::int64_t, std::int64_t>& sorted) const {
    const double positive = thrust::get<1>(sorted);
    const double mean = 0.5 * static_cast<double>(thrust::get<2>(sorted) + 1 + thrust::get<3>(sorted));
    return {positive * mean, positive, isnan(thrust::get<0>(sorted)) ? 1.0 : 0.0};
  }
};

template <class Value, class Term>
Value sum(const EvaluatedRows& e, const Term& term, Value zero, ScratchMemory& scratch) {
  const thrust::counting_iterator<std::int64_t> first(0);
  return thrust::transform_reduce(thrust::cuda::par(scratch).on(scratch.stream()), first, first + e.n_rows, term, zero,
                                  thrust::plus<Value>());
}

}  // namespace

LossSums sum_losses(const EvaluatedRows& rows, ScratchMemory& scratch) {
  const Sums s = sum(rows, LossOf{rows}, Sums{0.0, 0.0, 0.0}, scratch);
  return {.weighted = s.a, .weights = s.b, .plain = s.c};
}

ResidualSums sum_residuals(const EvaluatedRows& rows, std::int64_t target, const core::TargetUnits& units,
                           ScratchMemory& scratch) {
  const Sums s = sum(rows, ResidualOf{rows, target, units}, Sums{0.0, 0.0, 0.0}, scratch);
  return {.squares = s.a, .sizes = s.b, .values = s.c};
}

double sum_spread(const EvaluatedRows& rows, std::int64_t target, const core::TargetUnits& units, double mean,
                  ScratchMemory& scratch) {
  return sum(rows, SpreadOf{rows, target, units, mean}, 0.0, scratch);
}

std::vector<std::int64_t> count_classes(const EvaluatedRows& rows, std::int64_t n_classes, ScratchMemory& scratch) {
  const auto policy = thrust::cuda::par(scratch).on(scratch.stream());
  const std::int64_t n_cells = n_classes * n_classes;
  const ScratchArray<std::int64_t> cells(scratch, rows.n_rows);
  const ScratchArray<std::int64_t> ends(scratch, n_cells);
  const thrust::counting_iterator<std::int64_t> first(0);
  thrust::transform(policy, first, first + rows.n_rows, cells.begin(), CellOf{rows, n_classes});
  thrust::sort(policy, cells.begin(), cells.end());
  thrust::upper_bound(policy, cells.begin(), cells.end(), first, first + n_cells, ends.begin());
  std::vector<std::int64_t> counts = ends.to_host();
  for (std::size_t c = counts.size(); c-- > 1;) counts[c] -= counts[c - 1];
  return counts;
}

RankSums sum_ranks(const EvaluatedRows& rows, std::int64_t ranking, ScratchMemory& scratch) {
  const auto policy = thrust::cuda::par(scratch).on(scratch.stream());
  const ScratchArray<double> scores(scratch, rows.n_rows);
  const ScratchArray<std::int32_t> positive(scratch, rows.n_rows);
  const ScratchArray<std::int64_t> begins(scratch, rows.n_rows);
  const ScratchArray<std::int64_t> ends(scratch, rows.n_rows);
  const thrust::counting_iterator<std::int64_t> first(0);
  thrust::transform(policy, first, first + rows.n_rows, thrust::make_zip_iterator(scores.begin(), positive.begin()),
                    ScoreOf{rows, ranking});
  thrust::sort_by_key(policy, scores.begin(), scores.end(), positive.begin());
  thrust::lower_bound(policy, scores.begin(), scores.end(), scores.begin(), scores.end(), begins.begin());
  thrust::upper_bound(policy, scores.begin(), scores.end(), scores.begin(), scores.end(), ends.begin());
  const auto sorted = thrust::make_zip_iterator(scores.begin(), positive.begin(), begins.begin(), ends.begin());
  const Sums s = thrust::transform_reduce(policy, sorted, sorted + rows.n_rows, RankOf{}, Sums{0.0, 0.0, 0.0},
                                          thrust::plus<Sums>());
  return {.ranks = s.a, .positives = s.b, .ordered = s.c == 0.0};
}

}  // namespace slalom::cuda
