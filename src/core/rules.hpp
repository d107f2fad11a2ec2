// SPDX-License-Identifier: Apache-2.0
// The optimisers: one update rule per kind, shared by every backend, host and device.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <slalom/config.hpp>

#include "core/hd.hpp"

namespace slalom::core {

/// The families of update rules. Kinds that differ only in constants share one (AdamW and AMSGrad are Adam's).
enum class Rule { kSgd, kMomentum, kAdagrad, kRmsprop, kAdam, kNadam, kLion, kFtrl, kAveragedSgd };

inline constexpr int kMaxSlots = 3;

/// An optimiser with every constant resolved. Host side, float64.
struct RuleSettings {
  Rule rule = Rule::kSgd;
  bool keras = false;  ///< epsilon and momentum as Keras places them
  bool nesterov = false;
  bool centered = false;
  bool amsgrad = false;
  bool heavy_ball = false;  ///< rmsprop with momentum
  int n_slots = 0;          ///< state values kept per parameter
  double momentum = 0, dampening = 0, beta1 = 0, beta2 = 0, epsilon = 0;
  double learning_rate_decay = 0, initial_accumulator = 0, momentum_decay = 0, ftrl_beta = 0;
  double coupled_decay = 0;    ///< added to the gradient: (l2 + weight decay) w
  double decoupled_decay = 0;  ///< shrinks w by 1 - eta * this before the step
  double l1 = 0;
  double clip_norm = 0, clip_value = 0;
  std::int64_t average_start = 1;
};

/// Fills in defaults by optimiser and convention. Throws UsageError for l1 with lion, which has no proximal form.
[[nodiscard]] RuleSettings resolve_rule(const OptimizerConfig& config);

/// Everything the update of one step needs, computed once a step in float64 and rounded once.
template <class Real>
struct StepConstants {
  Real learning_rate;
  Real coupled_decay;  ///< l2: g += coupled_decay * w
  Real shrink;         ///< 1 - eta * decoupled decay
  Real threshold;  ///< proximal l1: eta * l1 * (steady-state gain of the momentum); adaptive rules divide it by their
                   ///< denominator
  Real momentum;   ///< b = momentum * b + gradient_gain * g
  Real gradient_gain;
  Real beta1, beta1_rest;  ///< beta, 1 - beta
  Real beta2, beta2_rest;
  Real epsilon;
  Real first_gain;      ///< multiplies m
  Real gradient_part;   ///< NAdam: multiplies g
  Real second_gain;     ///< multiplies v inside the root
  Real average_weight;  ///< averaged SGD: mean += average_weight * (w - mean)
  Real rate_change;     ///< FTRL: 1 / eta - 1 / (eta of the step before); 0 at a constant rate and at the first step
};

/// 1 - beta^t without cancellation for beta near 1, cheap for t that follow each other; depends on t alone.
class PowerRest {
 public:
  explicit PowerRest(double beta);
  [[nodiscard]] double at(std::int64_t t);

 private:
  static constexpr std::int64_t kSegment = 64;
  double log_beta_;                      ///< 0 for beta = 0
  std::array<double, kSegment> rest_{};  ///< 1 - beta^j
  std::int64_t segment_ = 0;             ///< beta^t = power_ beta^j for t = segment_ + j
  double power_ = 1.0;                   ///< beta^segment_
  double segment_rest_ = 0.0;            ///< 1 - power_
};

/// Turns step numbers and learning rates into StepConstants; steps must come in order: NAdam carries a product, FTRL
/// the last rate.
class StepClock {
 public:
  explicit StepClock(const RuleSettings& settings)
      : settings_(settings), first_rest_(settings.beta1), second_rest_(settings.beta2) {}
  [[nodiscard]] std::int64_t step() const noexcept { return step_; }
  /// What it carries from step to step besides the number: as MemberState::clock stores it.
  [[nodiscard]] std::vector<double> memory() const { return {nadam_product_, last_rate_}; }
  /// Puts the clock to `step` steps done with the memory it had then. Without one (empty) NAdam's product is worked out
  /// and FTRL takes the next rate for the last. Throws DataError for a memory of another size.
  void reset(std::int64_t step, std::span<const double> memory = {});
  /// Constants of the next step at learning rate `learning_rate`, in float64.
  StepConstants<double> advance(double learning_rate);

 private:
  RuleSettings settings_;
  PowerRest first_rest_, second_rest_;  ///< of beta1 and beta2
  std::int64_t step_ = 0;
  double nadam_product_ = 1.0;
  double last_rate_ = 0.0;  ///< 0: none yet
};

/// Rounds to the backend's arithmetic.
template <class Real>
[[nodiscard]] StepConstants<Real> round_to(const StepConstants<double>& c) {
  const auto r = [](double x) { return static_cast<Real>(x); };
  return {r(c.learning_rate), r(c.coupled_decay), r(c.shrink),         r(c.threshold),
          r(c.momentum),      r(c.gradient_gain), r(c.beta1),          r(c.beta1_rest),
          r(c.beta2),         r(c.beta2_rest),    r(c.epsilon),        r(c.first_gain),
          r(c.gradient_part), r(c.second_gain),   r(c.average_weight), r(c.rate_change)};
}

/// The constants for biases, gammas and betas: no penalty.
template <class Real>
SLALOM_HD StepConstants<Real> without_penalty(StepConstants<Real> c) {
  c.coupled_decay = Real(0);
  c.shrink = Real(1);
  c.threshold = Real(0);
  return c;
}

/// sign(w) max(|w| - t, 0): the proximal step of t |w|.
template <class Real>
SLALOM_HD Real soft_threshold(Real w, Real t) {
  const Real size = std::fabs(w) - t;
  return size > Real(0) ? (w > Real(0) ? size : -size) : (size <= Real(0) ? Real(0) : size);
}

/// The variants of a rule that are fixed for a run; a template argument or a uniform branch.
struct RuleFlags {
  bool keras = false, nesterov = false, centered = false, amsgrad = false, heavy_ball = false;
  bool no_l1 = false;  ///< the threshold is known to be 0: its proximal step, with a division, is left out
};
[[nodiscard]] inline RuleFlags flags_of(const RuleSettings& s) {
  return {s.keras, s.nesterov, s.centered, s.amsgrad, s.heavy_ball};
}

/// State values kept per parameter.
[[nodiscard]] constexpr int slot_count(Rule rule, RuleFlags f) {
  switch (rule) {
    case Rule::kSgd: return 0;
    case Rule::kMomentum:
    case Rule::kAdagrad:
    case Rule::kLion:
    case Rule::kAveragedSgd: return 1;
    case Rule::kRmsprop: return 1 + (f.centered ? 1 : 0) + (f.heavy_ball ? 1 : 0);
    case Rule::kAdam: return f.amsgrad ? 3 : 2;
    case Rule::kNadam:
    case Rule::kFtrl: return 2;
  }
  return 0;
}

/// The proximal step of l1 at a learning rate that is divided by `denominator`.
template <class Real>
SLALOM_HD Real shrink_towards_zero(Real w, Real threshold, Real denominator, RuleFlags f) {
  return f.no_l1 ? w : soft_threshold(w, threshold / denominator);
}

/// One parameter's update: returns the new w; `s` holds the slots, read and written. `g` is the (clipped) mean
/// gradient. Slots: momentum b; adagrad s; rmsprop v [, mean a] [, buffer b]; adam m, v [, max]; nadam m, v; lion m;
/// ftrl z, n; averaged mean. Formulas and sources: docs/numerics.md.
template <Rule kRule, class Real>
SLALOM_HD Real update(Real w, Real g, Real (&s)[kMaxSlots], const StepConstants<Real>& c, RuleFlags f) {
  if constexpr (kRule != Rule::kFtrl) {
    g += c.coupled_decay * w;
    w *= c.shrink;
  }
  if constexpr (kRule == Rule::kSgd) {
    return shrink_towards_zero(w - c.learning_rate * g, c.threshold, Real(1), f);
  } else if constexpr (kRule == Rule::kAveragedSgd) {
    w = shrink_towards_zero(w - c.learning_rate * g, c.threshold, Real(1), f);
    s[0] += c.average_weight * (w - s[0]);
    return w;
  } else if constexpr (kRule == Rule::kMomentum) {
    if (f.keras) {  // Sutskever et al. 2013: the velocity holds the learning rate
      s[0] = c.momentum * s[0] - c.learning_rate * g;
      w += f.nesterov ? c.momentum * s[0] - c.learning_rate * g : s[0];
    } else {
      s[0] = c.momentum * s[0] + c.gradient_gain * g;
      w -= c.learning_rate * (f.nesterov ? g + c.momentum * s[0] : s[0]);
    }
    return shrink_towards_zero(w, c.threshold, Real(1), f);
  } else if constexpr (kRule == Rule::kAdagrad) {
    s[0] += g * g;
    const Real denominator = f.keras ? std::sqrt(s[0] + c.epsilon) : std::sqrt(s[0]) + c.epsilon;
    return shrink_towards_zero(w - c.learning_rate * g / denominator, c.threshold, denominator, f);
  } else if constexpr (kRule == Rule::kRmsprop) {
    s[0] = c.beta2 * s[0] + c.beta2_rest * g * g;
    Real variance = s[0];
    if (f.centered) {
      s[1] = c.beta1 * s[1] + c.beta1_rest * g;
      variance -= s[1] * s[1];
      variance = variance > Real(0) ? variance : Real(0);  // rounding can make it negative
    }
    const Real denominator = f.keras ? std::sqrt(variance + c.epsilon) : std::sqrt(variance) + c.epsilon;
    if (!f.heavy_ball) return shrink_towards_zero(w - c.learning_rate * g / denominator, c.threshold, denominator, f);
    Real buffer = f.centered ? s[2] : s[1];  // a copy: a chosen reference would put the slots into memory on a GPU
    if (f.keras) {
      buffer = c.momentum * buffer + c.learning_rate * g / denominator;
      w -= buffer;
    } else {
      buffer = c.momentum * buffer + g / denominator;
      w -= c.learning_rate * buffer;
    }
    if (f.centered) {
      s[2] = buffer;
    } else {
      s[1] = buffer;
    }
    return shrink_towards_zero(w, c.threshold, denominator, f);
  } else if constexpr (kRule == Rule::kAdam) {
    s[0] = c.beta1 * s[0] + c.beta1_rest * g;
    s[1] = c.beta2 * s[1] + c.beta2_rest * g * g;
    Real second = s[1];
    if (f.amsgrad) {
      s[2] = s[2] > second ? s[2] : second;
      second = s[2];
    }
    const Real denominator = std::sqrt(second * c.second_gain) + c.epsilon;
    return shrink_towards_zero(w - c.learning_rate * (s[0] * c.first_gain) / denominator, c.threshold, denominator, f);
  } else if constexpr (kRule == Rule::kNadam) {
    s[0] = c.beta1 * s[0] + c.beta1_rest * g;
    s[1] = c.beta2 * s[1] + c.beta2_rest * g * g;
    const Real denominator = std::sqrt(s[1] * c.second_gain) + c.epsilon;
    const Real direction = c.first_gain * s[0] + c.gradient_part * g;
    return shrink_towards_zero(w - c.learning_rate * direction / denominator, c.threshold, denominator, f);
  } else if constexpr (kRule == Rule::kLion) {
    const Real direction = c.beta1 * s[0] + c.beta1_rest * g;
    const Real sign = direction > Real(0) ? Real(1) : (direction < Real(0) ? Real(-1) : direction);
    s[0] = c.beta2 * s[0] + c.beta2_rest * g;
    return w - c.learning_rate * sign;
  } else {  // FTRL-proximal (McMahan et al. 2013, Algorithm 1); epsilon holds beta, threshold l1, coupled_decay l2
    if (s[0] == Real(0) && s[1] == Real(0) && w != Real(0)) {  // fresh: the z of which w is the minimiser
      s[0] = -w * (c.epsilon / c.learning_rate + c.coupled_decay) + (w > Real(0) ? -c.threshold : c.threshold);
    }
    const Real root = std::sqrt(s[1]);
    s[1] += g * g;
    const Real new_root = std::sqrt(s[1]);
    // sigma = (beta + new_root) / eta - (beta + root) / eta before, written so that a constant rate cancels exactly.
    const Real sigma = (new_root - root) / c.learning_rate + (c.epsilon + root) * c.rate_change;
    s[0] += g - sigma * w;
    const Real curvature = (c.epsilon + new_root) / c.learning_rate + c.coupled_decay;
    if (curvature == Real(0)) return w;  // beta 0 and no gradient yet
    const Real excess = std::fabs(s[0]) - c.threshold;
    if (excess <= Real(0)) return Real(0);
    return (s[0] > Real(0) ? -excess : excess) / curvature;
  }
}

/// Calls `visit.template operator()<Rule>()` for the rule that is chosen at run time.
template <class Visitor>
SLALOM_HD decltype(auto) with_rule(Rule rule, Visitor&& visit) {
  switch (rule) {
    case Rule::kMomentum: return visit.template operator()<Rule::kMomentum>();
    case Rule::kAdagrad: return visit.template operator()<Rule::kAdagrad>();
    case Rule::kRmsprop: return visit.template operator()<Rule::kRmsprop>();
    case Rule::kAdam: return visit.template operator()<Rule::kAdam>();
    case Rule::kNadam: return visit.template operator()<Rule::kNadam>();
    case Rule::kLion: return visit.template operator()<Rule::kLion>();
    case Rule::kFtrl: return visit.template operator()<Rule::kFtrl>();
    case Rule::kAveragedSgd: return visit.template operator()<Rule::kAveragedSgd>();
    default: return visit.template operator()<Rule::kSgd>();
  }
}

}  // namespace slalom::core
