// SPDX-License-Identifier: Apache-2.0
// Evaluates the function, steps, and keeps the path.
#include "minimize/function_backend.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include <slalom/error.hpp>

#include "cpu/optimizer_step.hpp"

namespace slalom::minimization {
namespace {

ModelSpec spec_of(std::size_t n) {
  ModelSpec spec;
  spec.n_features = static_cast<std::int64_t>(n);
  spec.loss.kind = LossKind::kMae;
  return spec;
}

/// x alone: no bias, no padding.
ParameterLayout layout_of(std::size_t n) {
  ParameterLayout layout(spec_of(1));
  layout.n_weights = layout.n_trainable = layout.n_total = layout.n_parameters = static_cast<std::int64_t>(n);
  return layout;
}

}  // namespace

double norm_of(std::span<const double> values) {
  double norm = 0.0;
  for (const double value : values) norm = std::hypot(norm, value);
  return norm;
}

FunctionBackend::FunctionBackend(const Objective& f, std::span<const double> start, const MinimizeConfig& config,
                                 const std::atomic<bool>* user_stop)
    : Backend(spec_of(start.size()), 1),
      f_(f),
      config_(config),
      user_stop_(user_stop),
      n_penalized_(static_cast<std::size_t>(config.n_penalized.value_or(static_cast<std::int64_t>(start.size())))),
      store_(layout_of(start.size()), {.optimizer = config.optimizer}) {
  store_.import_state({.step = 0, .parameters = {start.begin(), start.end()}, .optimizer_state = {}, .clock = {}});
}

const FunctionBackend::Evaluation& FunctionBackend::evaluate_at(std::vector<double> x) {
  if (x == evaluation_.x) return evaluation_;
  evaluation_.x = std::move(x);
  evaluation_.gradient.assign(evaluation_.x.size(), 0.0);
  if (std::all_of(evaluation_.x.begin(), evaluation_.x.end(), [](double v) { return std::isfinite(v); })) {
    in_function_ = true;
    evaluation_.value = f_(evaluation_.x, evaluation_.gradient);
    in_function_ = false;
    ++evaluations_;
  } else {
    evaluation_.value = std::numeric_limits<double>::quiet_NaN();
  }
  evaluation_.gradient_norm = norm_of(evaluation_.gradient);
  evaluated_step_ = steps();
  evaluated_rate_ = learning_rate_;
  return evaluation_;
}

std::vector<BlockResult> FunctionBackend::run(std::span<const StepBlock> blocks) {
  BlockResult result;
  const auto steps_done = static_cast<std::size_t>(steps());
  if (path_.size() > steps_done + 1) path_.resize(steps_done + 1);  // the guard went back
  for (std::size_t s = 0; s < blocks[0].learning_rates.size(); ++s) {
    const Evaluation& here = evaluate_at({store_.parameters().begin(), store_.parameters().end()});
    result.losses.push_back(here.value);
    if (!here.finite()) {
      result.first_non_finite = static_cast<std::int64_t>(s);
      break;
    }
    gradient_ = here.gradient;
    learning_rate_ = blocks[0].learning_rates[s];
    const core::StepConstants<double> constants = store_.clock().advance(learning_rate_);
    cpu::optimizer_step<double>(store_.parameters(), gradient_, store_.state(), n_penalized_, store_.settings(),
                                constants);
  }
  return {std::move(result)};
}

void FunctionBackend::predict(std::int64_t, const FeatureView&, std::span<const std::uint32_t>, std::span<float>) {
  throw Error(ExitCode::kSoftware, "internal error: a function has no predictions");
}

Metrics FunctionBackend::evaluate(std::int64_t, const Dataset&, std::span<const std::uint32_t>) {
  const Evaluation& here = evaluate_at(store_.evaluation_parameters());
  note(here);
  Metrics metrics;
  metrics.rows = 1;
  metrics.loss = here.value;
  return metrics;
}

void FunctionBackend::note(const Evaluation& here) {
  if (user_stop_ != nullptr && user_stop_->load()) stop_ = true;
  if (!here.finite()) return;
  last_finite_ = point_of(here);
  gradient_is_small_ = here.gradient_norm <= config_.gradient_tolerance;
  if (gradient_is_small_) stop_ = true;
  if (config_.keep_path) path_.push_back(last_finite_);
}

PathPoint FunctionBackend::point_of(const Evaluation& evaluation) {
  return {.step = steps(),
          .x = evaluation.x,
          .value = evaluation.value,
          .gradient_norm = evaluation.gradient_norm,
          .learning_rate = learning_rate_};
}

std::string FunctionBackend::trouble() const {
  const auto finite = [](double v) { return std::isfinite(v); };
  const bool x_is_finite = std::all_of(evaluation_.x.begin(), evaluation_.x.end(), finite);
  std::string what = fmt::format("f exploded to {:.6g}", evaluation_.value);
  if (!x_is_finite) {
    what = "x stopped being finite";
  } else if (!std::isfinite(evaluation_.value)) {
    what = fmt::format("f is {}", evaluation_.value);
  } else if (!evaluation_.finite()) {
    what = "the gradient of f stopped being finite";
  }
  return fmt::format("{} after step {}, at learning rate {:.6g}", what, evaluated_step_, evaluated_rate_);
}

PathPoint FunctionBackend::point() { return point_of(evaluate_at(store_.evaluation_parameters())); }

}  // namespace slalom::minimization
