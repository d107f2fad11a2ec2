// SPDX-License-Identifier: Apache-2.0
// Predicts rows piece by piece and has them summed.
#include "cuda/evaluation.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "cuda/check.hpp"
#include "cuda/prediction.hpp"
#include "train/class_metrics.hpp"
#include "train/metric_sums.hpp"

namespace slalom::cuda {
namespace {

training::MetricSums::Target target_sums(const EvaluatedRows& rows, const Dataset& data, std::int64_t target,
                                         ScratchMemory& scratch) {
  const core::TargetUnits units = training::units_of(data, target);
  const ResidualSums sums = sum_residuals(rows, target, units, scratch);
  const double mean = sums.values / static_cast<double>(rows.n_rows);
  return {.squares = sums.squares, .sizes = sums.sizes, .spread = sum_spread(rows, target, units, mean, scratch)};
}

std::optional<double> area(const EvaluatedRows& rows, std::int64_t ranking, ScratchMemory& scratch) {
  const RankSums sums = sum_ranks(rows, ranking, scratch);
  if (!sums.ordered) return std::nullopt;
  return training::area_of_ranks(sums.ranks, sums.positives, static_cast<double>(rows.n_rows));
}

}  // namespace

EvaluatedRows Evaluator::predict(DeviceEngine& engine, const EvaluationJob& job) {
  const cudaStream_t stream = scratch_.stream();
  const bool all = job.rows.empty();
  const std::int64_t n = all ? job.data.n_rows : static_cast<std::int64_t>(job.rows.size());
  const std::int64_t k = job.spec.n_outputs;
  if (n * k > capacity_outputs_ || (!all && n > capacity_rows_)) {
    SLALOM_CHECK(cudaStreamSynchronize(stream));
    ArenaLayout layout;
    const std::int64_t n_outputs = std::max(n * k, capacity_outputs_);
    const std::int64_t n_rows = all ? capacity_rows_ : std::max(n, capacity_rows_);
    outputs_ = layout.add<float>(n_outputs);
    rows_ = layout.add<std::uint32_t>(n_rows);
    capacity_outputs_ = capacity_rows_ = 0;  // if there is no memory, nothing is there
    arena_ = {};
    arena_ = Arena(layout, MemoryKind::kDevice);
    capacity_outputs_ = n_outputs;
    capacity_rows_ = n_rows;
  }
  const std::uint32_t* rows = nullptr;
  if (!all) {
    rows = arena_.pointer(rows_);
    SLALOM_CHECK(
        cudaMemcpyAsync(arena_.pointer(rows_), job.rows.data(), job.rows.size_bytes(), cudaMemcpyHostToDevice, stream));
  }
  float* const outputs = arena_.pointer(outputs_);
  const std::int64_t piece = std::min(n, PredictionBuffers::kRows);
  engine.reserve_prediction(piece);
  for (std::int64_t start = 0; start < n; start += piece) {
    DeviceFeatures x = job.resident.x;
    if (all) x.data += start * x.stride;
    engine.predict(job.parameters, x, all ? nullptr : rows + start, std::min(piece, n - start), outputs + start * k,
                   stream);
  }
  return {.data = job.resident,
          .rows = rows,
          .n_rows = n,
          .outputs = outputs,
          .n_outputs = k,
          .loss = job.spec.loss.kind,
          .loss_constant = core::loss_constant(job.spec.loss)};
}

bool Evaluator::release() {
  const bool held = memory_bytes() > 0;
  capacity_outputs_ = capacity_rows_ = 0;
  arena_ = {};
  scratch_.release();
  return held;
}

Metrics Evaluator::evaluate(DeviceEngine& engine, const EvaluationJob& job) {
  const EvaluatedRows rows = predict(engine, job);
  try {
    return sum_up(rows, job);
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error& error) {  // Thrust's own, which names what it met last and not what was first
    const std::string call = "Thrust, " + std::string(error.what());
    check(cudaGetLastError(), call.c_str(), __FILE__, __LINE__);
    fail_call("a failed call", call.c_str(), __FILE__, __LINE__);
  }
}

Metrics Evaluator::sum_up(const EvaluatedRows& rows, const EvaluationJob& job) {
  training::MetricSums sums{.rows = rows.n_rows};
  const LossSums losses = sum_losses(rows, scratch_);
  sums.loss = losses.weighted;
  sums.weights = losses.weights;
  sums.plain_loss = losses.plain;
  if (job.spec.is_classifier()) {
    sums.confusion = count_classes(rows, training::n_classes_of(job.spec), scratch_);
    for (std::int64_t r = 0; r < core::n_rankings(rows.loss, rows.n_outputs); ++r) {
      sums.areas.push_back(area(rows, r, scratch_));
    }
  } else {
    for (std::int64_t j = 0; j < rows.n_outputs; ++j) sums.targets.push_back(target_sums(rows, job.data, j, scratch_));
  }
  return training::metrics_of(job.spec, job.data, sums);
}

}  // namespace slalom::cuda
