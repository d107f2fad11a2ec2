// SPDX-License-Identifier: Apache-2.0
// Losses and their derivatives with respect to the prediction, one row and output at a time, for host and device.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <slalom/config.hpp>

#include "core/elementary.hpp"
#include "core/hd.hpp"

namespace slalom::core {

/// A loss value and its derivative with respect to the prediction z (not divided by the batch size).
template <class Real>
struct LossPair {
  Real loss;
  Real derivative;
};

/// 1 / (1 + exp(-z)), without overflow for any z.
template <class Real>
SLALOM_HD Real sigmoid(Real z) {
  const Real e = exp_negative(-std::fabs(z));
  return (z >= Real(0) ? Real(1) : e) / (Real(1) + e);
}

/// (z - y)^2, derivative 2 (z - y): no factor 1/2.
template <class Real>
SLALOM_HD LossPair<Real> mse(Real z, Real y) {
  const Real residual = z - y;
  return {residual * residual, Real(2) * residual};
}

/// |z - y|; derivative 0 at the kink.
template <class Real>
SLALOM_HD LossPair<Real> mae(Real z, Real y) {
  const Real residual = z - y;
  return {std::fabs(residual), residual > Real(0) ? Real(1) : (residual < Real(0) ? Real(-1) : Real(0))};
}

/// Huber 1964: r^2/2 for |r| <= delta, delta (|r| - delta/2) beyond.
template <class Real>
SLALOM_HD LossPair<Real> huber(Real z, Real y, Real delta) {
  const Real residual = z - y;
  const Real size = std::fabs(residual);
  if (size <= delta) return {Real(0.5) * residual * residual, residual};
  return {delta * (size - Real(0.5) * delta), residual > Real(0) ? delta : -delta};
}

/// Pinball loss of quantile q: max(q e, (q - 1) e) with e = y - z; derivative 0 at the kink.
template <class Real>
SLALOM_HD LossPair<Real> pinball(Real z, Real y, Real q) {
  const Real e = y - z;
  if (e > Real(0)) return {q * e, -q};
  if (e < Real(0)) return {(q - Real(1)) * e, Real(1) - q};
  return {Real(0), Real(0)};
}

/// Binary cross-entropy of logit z and target t in [0, 1]: max(z, 0) - t z + log(1 + exp(-|z|)).
template <class Real>
SLALOM_HD LossPair<Real> bce(Real z, Real t) {
  const Real positive = z > Real(0) ? z : Real(0);
  return {positive - t * z + log1p_unit(exp_negative(-std::fabs(z))), sigmoid(z) - t};
}

/// max(0, 1 - s z) with s = 2 t - 1 for t in {0, 1}; derivative 0 at the kink.
template <class Real>
SLALOM_HD LossPair<Real> hinge(Real z, Real t) {
  const Real sign = Real(2) * t - Real(1);
  const Real margin = Real(1) - sign * z;
  if (margin > Real(0)) return {margin, -sign};
  return {Real(0), Real(0)};
}

/// The loss of one output by `kind`; every kind but cross-entropy, which needs the whole row. `constant`: huber's delta
/// or the quantile.
template <class Real>
SLALOM_HD LossPair<Real> pointwise_loss(LossKind kind, Real z, Real y, Real constant) {
  switch (kind) {
    case LossKind::kMae: return mae(z, y);
    case LossKind::kHuber: return huber(z, y, constant);
    case LossKind::kQuantile: return pinball(z, y, constant);
    case LossKind::kBce: return bce(z, y);
    case LossKind::kHinge: return hinge(z, y);
    default: return mse(z, y);
  }
}

/// The constant that `pointwise_loss` wants for a loss.
[[nodiscard]] inline double loss_constant(const LossSpec& loss) {
  return loss.kind == LossKind::kQuantile ? loss.quantile : loss.huber_delta;
}

/// The lanes that share one row of logits; this is the host's: one lane does everything. Devices pass groups of lanes
/// of a warp with the same members, every lane of a group calling every one of them.
struct OneLane {
  SLALOM_HD static std::int64_t rank() { return 0; }
  SLALOM_HD static std::int64_t size() { return 1; }
  template <class T>
  SLALOM_HD static T max(T value) {
    return value;
  }
  template <class T>
  SLALOM_HD static T min(T value) {
    return value;
  }
  template <class T>
  SLALOM_HD static T sum(T value) {
    return value;
  }
};

/// The parts of a softmax that its logarithm needs.
template <class Real>
struct SoftmaxSum {
  Real largest;  ///< logit
  Real rest;     ///< sum of exp(z - largest) over all other logits: log1p(rest) stays accurate when one dominates
};

/// The type of a logit of what softmax() takes.
template <class Logits>
using LogitOf = std::remove_cvref_t<decltype(std::declval<const Logits&>()[0])>;

/// Softmax of one row of k logits (a pointer, or what has operator[]): calls write(j, softmax(z)[j]) for every j of
/// this lane; write may overwrite z[j]. Shifted by the largest logit, so it cannot overflow.
template <class Logits, class Lanes, class Write>
SLALOM_HD SoftmaxSum<LogitOf<Logits>> softmax(Logits z, std::int64_t k, const Lanes& lanes, Write&& write) {
  using Real = LogitOf<Logits>;
  Real largest = z[0];
  for (std::int64_t j = lanes.rank(); j < k; j += lanes.size()) largest = z[j] > largest ? z[j] : largest;
  largest = lanes.max(largest);
  std::int64_t first = k;  // of the largest logits
  for (std::int64_t j = lanes.rank(); j < k; j += lanes.size()) first = first == k && z[j] == largest ? j : first;
  first = lanes.min(first);
  Real rest = Real(0);
  for (std::int64_t j = lanes.rank(); j < k; j += lanes.size()) {
    if (j != first) rest += exp_negative(z[j] - largest);
  }
  rest = lanes.sum(rest);
  const Real sum = Real(1) + rest;
  for (std::int64_t j = lanes.rank(); j < k; j += lanes.size()) write(j, exp_negative(z[j] - largest) / sum);
  return {largest, rest};
}

/// Softmax cross-entropy of one row of k logits: returns log(sum exp(z)) - z[label] and calls write(j, softmax(z)[j] -
/// onehot(label)[j]) for every j of this lane; write may overwrite z[j].
template <class Logits, class Lanes, class Write>
SLALOM_HD LogitOf<Logits> cross_entropy(Logits z, std::int64_t k, std::int32_t label, const Lanes& lanes,
                                        Write&& write) {
  using Real = LogitOf<Logits>;
  const Real at_label = z[label];
  const SoftmaxSum<Real> sum =
      softmax(z, k, lanes, [&](std::int64_t j, Real p) { write(j, j == label ? p - Real(1) : p); });
  return std::log1p(sum.rest) - (at_label - sum.largest);
}

/// Both by one lane, into `p` or `derivative` (which may be z itself).
template <class Real>
SLALOM_HD SoftmaxSum<Real> softmax(const Real* z, std::int64_t k, Real* p) {
  return softmax(z, k, OneLane{}, [p](std::int64_t j, Real value) { p[j] = value; });
}
template <class Real>
SLALOM_HD Real cross_entropy(const Real* z, std::int64_t k, std::int32_t label, Real* derivative) {
  return cross_entropy(z, k, label, OneLane{}, [derivative](std::int64_t j, Real value) { derivative[j] = value; });
}

}  // namespace slalom::core
