// SPDX-License-Identifier: Apache-2.0
// Runs the reference path and compares.
#include "yardstick.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include <slalom/error.hpp>
#include <slalom/model.hpp>

#include "cpu/host_backends.hpp"
#include "data/sampler.hpp"
#include "train/start_members.hpp"

namespace slalom::bench {
namespace {

constexpr double kReferenceFlops = 5e8;  ///< about what the reference path does in a second

std::int64_t checked_rows(const Problem& problem) {
  const auto affordable = static_cast<std::int64_t>(kReferenceFlops / work_of_row(problem).flops);
  const std::int64_t steps = std::max<std::int64_t>(2, affordable / problem.batch_size);
  return std::min(problem.n_rows, steps * problem.batch_size);
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// "FOUND, the reference path EXPECTED", or nullopt if they agree. Not a number agrees with nothing.
std::optional<std::string> difference(double found, double expected) {
  if (std::fabs(found - expected) <= Yardstick::kTolerance * std::fabs(expected)) return std::nullopt;
  std::ostringstream text;
  text.precision(9);
  text << found << ", the reference path's is " << expected << " (tolerance " << Yardstick::kTolerance << ")";
  return text.str();
}

}  // namespace

Yardstick::Yardstick(const Problem& problem, const Dataset& data, std::uint64_t stream) : data_(data) {
  const MemberConfig evaluated{.optimizer = {.kind = OptimizerKind::kSgd}};
  judge_ = cpu::make_reference_backend(problem.spec, data, {&evaluated, 1});

  const MemberConfig member{.optimizer = {.kind = problem.optimizer}, .stream = stream};
  const auto reference = cpu::make_reference_backend(problem.spec, data, {&member, 1});
  training::start_members(*reference, {&member, 1});
  data::Sampler sampler(problem.n_rows, {}, member.seed, static_cast<std::uint32_t>(stream), true);
  const std::span<const std::uint32_t> order = sampler.order(0);
  rows_.assign(order.begin(), order.begin() + checked_rows(problem));
  initial_ = loss_at(reference->evaluation_parameters(0));
  const auto n_rows = static_cast<std::int64_t>(rows_.size());
  const std::vector<double> rates(static_cast<std::size_t>(steps_of(problem, n_rows)), learning_rate(problem));
  const StepBlock block{.rows = rows_, .batch_size = problem.batch_size, .learning_rates = rates};
  mean_step_loss_ = mean(reference->run({&block, 1}).front().losses);
  final_ = loss_at(reference->evaluation_parameters(0));
  if (!(std::fabs(initial_ - final_) > kLeastChange * kTolerance * final_)) {
    std::ostringstream text;
    text << "the check would not notice a backend that does nothing: the loss goes from " << initial_ << " to "
         << final_;
    throw Error(ExitCode::kSoftware, text.str());
  }
}

double Yardstick::loss_at(const std::vector<double>& parameters) {
  judge_->import_state(0, {.parameters = parameters});
  return judge_->evaluate(0, data_, rows_).loss;
}

std::optional<std::string> Yardstick::objection(const Backend& backend, std::int64_t member,
                                                const BlockResult& reported) {
  if (reported.first_non_finite >= 0) return "step " + std::to_string(reported.first_non_finite) + " is not finite";
  if (reported.losses.empty()) return "no losses were reported";
  if (const auto wrong = difference(mean(reported.losses), mean_step_loss_)) {
    return "mean of the steps' losses: " + *wrong;
  }
  if (const auto wrong = difference(loss_at(backend.evaluation_parameters(member)), final_)) {
    return "final loss: " + *wrong;
  }
  return std::nullopt;
}

}  // namespace slalom::bench
