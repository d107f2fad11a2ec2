// SPDX-License-Identifier: Apache-2.0
// Range and combination checks of settings, with messages that name the flag.
#include <array>
#include <charconv>
#include <cmath>

#include <slalom/config.hpp>
#include <slalom/error.hpp>

#include "core/rules.hpp"

namespace slalom {
namespace {

constexpr std::int64_t kLargestWidth = std::int64_t{1} << 24;
constexpr std::size_t kMostLayers = 64;
constexpr double kMostParameters = 2e9;

/// The shortest text that reads back as the number.
std::string text(double value) {
  std::array<char, 32> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end};
}

void require(bool ok, const std::string& flag, const std::string& found, const std::string& expected) {
  if (!ok) throw UsageError(flag + ": found " + found + ", expected " + expected);
}

void require_positive(double value, const std::string& flag) {
  require(value > 0.0 && std::isfinite(value), flag, text(value), "a number > 0");
}

void require_not_negative(double value, const std::string& flag) {
  require(value >= 0.0 && std::isfinite(value), flag, text(value), "a number >= 0");
}

/// [0, 1)
void require_fraction(double value, const std::string& flag) {
  require(value >= 0.0 && value < 1.0, flag, text(value), "0 <= value < 1");
}

void require_fraction(const std::optional<double>& value, const std::string& flag) {
  if (value) require_fraction(*value, flag);
}

void require_count(std::int64_t value, std::int64_t least, const std::string& flag) {
  require(value >= least, flag, std::to_string(value), "a whole number >= " + std::to_string(least));
}

bool fits(ModelKind model, LossKind loss) {
  switch (model) {
    case ModelKind::kLinear:
      return loss == LossKind::kMse || loss == LossKind::kMae || loss == LossKind::kHuber ||
             loss == LossKind::kQuantile;
    case ModelKind::kLogistic: return loss == LossKind::kBce || loss == LossKind::kHinge;
    case ModelKind::kSoftmax: return loss == LossKind::kCrossEntropy;
    case ModelKind::kMlp: break;
  }
  return true;
}

const char* losses_of(ModelKind model) {
  switch (model) {
    case ModelKind::kLinear: return "mse, mae, huber or quantile";
    case ModelKind::kLogistic: return "bce or hinge";
    case ModelKind::kSoftmax: return "cross-entropy";
    case ModelKind::kMlp: break;
  }
  return "any loss";
}

void validate_size(const ModelSpec& spec) {
  require(spec.hidden.size() <= kMostLayers, "--hidden", std::to_string(spec.hidden.size()) + " layers", "at most 64");
  double parameters = 0.0;
  std::int64_t inputs = spec.n_features;
  for (const std::int64_t width : spec.hidden) {
    require(width >= 1 && width <= kLargestWidth, "--hidden", std::to_string(width), "widths from 1 to 16777216");
    parameters += static_cast<double>(inputs + 1) * static_cast<double>(width);
    inputs = width;
  }
  parameters += static_cast<double>(inputs + 1) * static_cast<double>(spec.n_outputs);
  require(parameters <= kMostParameters, "--hidden", text(parameters) + " parameters", "at most 2e9");
}

}  // namespace

void validate(const ModelSpec& spec) {
  require(spec.n_features >= 1 && spec.n_features <= kLargestWidth, "model",
          std::to_string(spec.n_features) + " features", "1 to 16777216");
  require(spec.n_outputs >= 1 && spec.n_outputs <= kLargestWidth, "model", std::to_string(spec.n_outputs) + " outputs",
          "1 to 16777216");
  require(fits(spec.kind, spec.loss.kind), "--loss", std::string(name_of(spec.loss.kind)),
          std::string(losses_of(spec.kind)) + " for --model " + std::string(name_of(spec.kind)));
  require_positive(spec.loss.huber_delta, "--huber-delta");
  require(spec.loss.quantile > 0.0 && spec.loss.quantile < 1.0, "--quantile", text(spec.loss.quantile),
          "0 < quantile < 1");
  require_fraction(spec.dropout, "--dropout");
  require_not_negative(spec.init_scale, "--init-scale");
  require((spec.kind == ModelKind::kMlp) == !spec.hidden.empty(), "--hidden",
          std::to_string(spec.hidden.size()) + " layers",
          spec.kind == ModelKind::kMlp ? "at least one for --model mlp" : "none without --model mlp");
  require(!spec.batch_norm || !spec.is_linear(), "--batch-norm", "no hidden layers", "--model mlp");
  require(spec.dropout == 0.0 || !spec.is_linear(), "--dropout", "no hidden layers", "--model mlp");
  validate_size(spec);
}

void validate(const OptimizerConfig& o) {
  require_positive(o.learning_rate, "--lr");
  require_fraction(o.momentum, "--momentum");
  require_fraction(o.dampening, "--dampening");
  require_fraction(o.beta1, "--beta1");
  require_fraction(o.beta2, "--beta2");
  require_fraction(o.rho, "--rho");
  if (o.epsilon) require_positive(*o.epsilon, "--epsilon");
  require_not_negative(o.learning_rate_decay, "--lr-decay");
  if (o.initial_accumulator) require_not_negative(*o.initial_accumulator, "--initial-accumulator");
  require_not_negative(o.momentum_decay, "nadam momentum decay");
  require_not_negative(o.ftrl_beta, "--ftrl-beta");
  require_count(o.average_start, 1, "--average-start");
  require_not_negative(o.weight_decay, "--weight-decay");
  require_not_negative(o.l1, "--l1");
  require_not_negative(o.l2, "--l2");
  require_not_negative(o.clip_norm, "--clip-norm");
  require_not_negative(o.clip_value, "--clip-value");
  static_cast<void>(core::resolve_rule(o));  // refuses combinations that have no rule
}

void validate(const ScheduleConfig& s) {
  require_count(s.warmup_steps, 0, "--warmup-steps");
  require_count(s.every, 0, "--step-every");
  for (std::size_t i = 0; i < s.milestones.size(); ++i) {
    require_count(s.milestones[i], 1, "--milestones");
    require(i == 0 || s.milestones[i] > s.milestones[i - 1], "--milestones", std::to_string(s.milestones[i]),
            "ascending steps");
  }
  require(s.kind != ScheduleKind::kMultiStep || !s.milestones.empty(), "--milestones", "none",
          "steps for --schedule multi-step");
  require_positive(s.factor, "--factor");
  require_not_negative(s.power, "--power");
  require_not_negative(s.min_learning_rate, "--min-lr");
  require_not_negative(s.end_factor, "--end-factor");
  require(s.pct_start > 0.0 && s.pct_start < 1.0, "--pct-start", text(s.pct_start), "0 < share < 1");
  require_positive(s.div_factor, "--div-factor");
  require_positive(s.final_div_factor, "--final-div-factor");
  require_count(s.plateau_patience, 0, "--plateau-patience");
  require_fraction(s.plateau_threshold, "--plateau-threshold");
  require(s.kind != ScheduleKind::kPlateau || s.factor < 1.0, "--factor", text(s.factor),
          "0 < factor < 1 for --schedule plateau");
  require_count(s.plateau_cooldown, 0, "--plateau-cooldown");
}

}  // namespace slalom
