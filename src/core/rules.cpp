// SPDX-License-Identifier: Apache-2.0
// Resolves an optimiser's constants and computes what each step needs. Formulas and sources: docs/numerics.md.
#include "core/rules.hpp"

#include <algorithm>
#include <string>

#include <slalom/error.hpp>

namespace slalom::core {
namespace {

Rule rule_of(OptimizerKind kind) {
  switch (kind) {
    case OptimizerKind::kMomentum:
    case OptimizerKind::kNesterov: return Rule::kMomentum;
    case OptimizerKind::kAdagrad: return Rule::kAdagrad;
    case OptimizerKind::kRmsprop: return Rule::kRmsprop;
    case OptimizerKind::kAdam:
    case OptimizerKind::kAmsgrad:
    case OptimizerKind::kAdamW: return Rule::kAdam;
    case OptimizerKind::kNadam: return Rule::kNadam;
    case OptimizerKind::kLion: return Rule::kLion;
    case OptimizerKind::kFtrl: return Rule::kFtrl;
    case OptimizerKind::kAveragedSgd: return Rule::kAveragedSgd;
    case OptimizerKind::kSgd: break;
  }
  return Rule::kSgd;
}

constexpr double kLeastFtrlRate = 1e-20;
constexpr double kNoProduct = 1e-300;  ///< where NAdam's product of momenta stops to matter

/// NAdam's momentum at step t (Dozat 2016): beta1 (1 - 0.96^(t psi) / 2).
double nadam_momentum(const RuleSettings& s, std::int64_t t) {
  return s.beta1 * (1.0 - 0.5 * std::pow(0.96, static_cast<double>(t) * s.momentum_decay));
}

/// Sum of the weights that momentum gives a constant gradient: what a proximal step must be scaled by to have the same
/// fixed point.
double steady_gain(const RuleSettings& s) {
  const bool accumulates = s.rule == Rule::kMomentum || s.heavy_ball;
  if (!accumulates) return 1.0;
  return (1.0 - s.dampening) / (1.0 - s.momentum);
}

}  // namespace

RuleSettings resolve_rule(const OptimizerConfig& config) {
  const OptimizerKind kind = config.kind;
  RuleSettings s;
  s.rule = rule_of(kind);
  s.keras = config.convention == Convention::kKeras;
  s.nesterov = kind == OptimizerKind::kNesterov;
  s.centered = s.rule == Rule::kRmsprop && config.centered;
  s.amsgrad = kind == OptimizerKind::kAmsgrad || (kind == OptimizerKind::kAdamW && config.amsgrad);
  s.momentum = config.momentum.value_or(s.rule == Rule::kRmsprop ? 0.0 : 0.9);
  s.heavy_ball = s.rule == Rule::kRmsprop && s.momentum > 0.0;
  s.dampening = kind == OptimizerKind::kMomentum && !s.keras ? config.dampening : 0.0;
  s.beta1 = config.beta1.value_or(0.9);
  s.beta2 = config.beta2.value_or(s.rule == Rule::kLion ? 0.99 : 0.999);
  if (s.rule == Rule::kRmsprop) s.beta1 = s.beta2 = config.rho.value_or(s.keras ? 0.9 : 0.99);
  s.epsilon = config.epsilon.value_or(s.keras ? 1e-7 : (s.rule == Rule::kAdagrad ? 1e-10 : 1e-8));
  s.learning_rate_decay = config.learning_rate_decay;
  s.initial_accumulator = s.rule == Rule::kAdagrad ? config.initial_accumulator.value_or(s.keras ? 0.1 : 0.0) : 0.0;
  s.momentum_decay = s.keras ? 1.0 : config.momentum_decay;
  s.ftrl_beta = config.ftrl_beta;
  s.l1 = config.l1;
  const bool decoupled = kind == OptimizerKind::kAdamW || kind == OptimizerKind::kLion;
  s.decoupled_decay = decoupled ? config.weight_decay : 0.0;
  s.coupled_decay = config.l2 + (decoupled ? 0.0 : config.weight_decay);
  s.clip_norm = config.clip_norm;
  s.clip_value = config.clip_value;
  s.average_start = config.average_start;
  s.n_slots = slot_count(s.rule, flags_of(s));
  if (s.rule == Rule::kLion && s.l1 > 0.0) {
    throw UsageError(
        "--l1: found with --optimizer lion, whose sign update has no proximal step; use another optimizer");
  }
  return s;
}

PowerRest::PowerRest(double beta) : log_beta_(beta > 0.0 ? std::log(beta) : 0.0) {
  if (log_beta_ == 0.0) return;
  for (std::size_t j = 1; j < rest_.size(); ++j) rest_[j] = -std::expm1(static_cast<double>(j) * log_beta_);
}

double PowerRest::at(std::int64_t t) {
  if (log_beta_ == 0.0) return 1.0;
  const std::int64_t j = t % kSegment;
  if (t - j != segment_) {
    segment_ = t - j;
    segment_rest_ = -std::expm1(static_cast<double>(segment_) * log_beta_);
    power_ = std::exp(static_cast<double>(segment_) * log_beta_);
  }
  return segment_rest_ + power_ * rest_[static_cast<std::size_t>(j)];
}

void StepClock::reset(std::int64_t step, std::span<const double> memory) {
  if (!memory.empty() && memory.size() != this->memory().size()) {
    throw DataError("training state: found " + std::to_string(memory.size()) + " clock values, expected " +
                    std::to_string(this->memory().size()));
  }
  step_ = step;
  nadam_product_ = memory.empty() ? 1.0 : memory[0];
  last_rate_ = memory.empty() ? 0.0 : memory[1];
  if (!memory.empty() || settings_.rule != Rule::kNadam) return;
  // Every factor is below 1: the product is as good as zero long before an absurd step number is counted up to.
  for (std::int64_t t = 1; t <= step && nadam_product_ > kNoProduct; ++t)
    nadam_product_ *= nadam_momentum(settings_, t);
}

StepConstants<double> StepClock::advance(double learning_rate) {
  const RuleSettings& s = settings_;
  const std::int64_t t = ++step_;
  StepConstants<double> c{};
  c.learning_rate = learning_rate;
  if (s.rule == Rule::kAdagrad) c.learning_rate /= 1.0 + static_cast<double>(t - 1) * s.learning_rate_decay;
  c.coupled_decay = s.coupled_decay;
  c.shrink = 1.0 - learning_rate * s.decoupled_decay;
  c.threshold = s.rule == Rule::kFtrl ? s.l1 : c.learning_rate * s.l1 * steady_gain(s);
  c.momentum = s.momentum;
  c.gradient_gain = t == 1 ? 1.0 : 1.0 - s.dampening;
  c.beta1 = s.beta1;
  c.beta1_rest = 1.0 - s.beta1;
  c.beta2 = s.beta2;
  c.beta2_rest = 1.0 - s.beta2;
  c.epsilon = s.rule == Rule::kFtrl ? s.ftrl_beta : s.epsilon;
  c.first_gain = c.second_gain = 1.0;
  if (s.rule == Rule::kAdam) {
    const double first = first_rest_.at(t);
    const double second = second_rest_.at(t);
    c.first_gain = s.keras ? std::sqrt(second) / first : 1.0 / first;
    c.second_gain = s.keras ? 1.0 : 1.0 / second;
    if (s.keras) c.threshold *= std::sqrt(second);  // Keras's denominator lacks the correction that its rate has
  } else if (s.rule == Rule::kNadam) {
    const double now = nadam_momentum(s, t);
    const double next = nadam_momentum(s, t + 1);
    nadam_product_ *= now;
    c.first_gain = next / (1.0 - nadam_product_ * next);
    c.gradient_part = (1.0 - now) / (1.0 - nadam_product_);
    c.second_gain = 1.0 / second_rest_.at(t);
  }
  c.average_weight = t < s.average_start ? 1.0 : 1.0 / static_cast<double>(t - s.average_start + 1);
  if (s.rule == Rule::kFtrl) {  // a rate of 0 keeps w where it is, and so does one next to it, which has a reciprocal
    c.learning_rate = std::max(learning_rate, kLeastFtrlRate);
    c.rate_change = last_rate_ > 0.0 ? 1.0 / c.learning_rate - 1.0 / last_rate_ : 0.0;
    last_rate_ = c.learning_rate;
  }
  return c;
}

}  // namespace slalom::core
