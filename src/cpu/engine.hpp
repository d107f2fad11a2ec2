// SPDX-License-Identifier: Apache-2.0
// What trains members of one model and predicts with them; holds scratch memory, not parameters.
#pragma once

#include <cstdint>
#include <span>

#include <slalom/backend.hpp>
#include <slalom/dataset.hpp>

#include "cpu/member_store.hpp"

namespace slalom::cpu {

template <class Real>
class Engine {
 public:
  Engine() = default;
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Runs a block of at least one step for `member`, up to the first step whose loss or gradient is not finite.
  virtual BlockResult train(MemberStore<Real>& member, const StepBlock& block) = 0;

  /// Raw outputs of the rows (empty: the `outputs.size() / n_outputs` rows from `first` on) of `x`: [rows, n_outputs].
  virtual void predict(const FeatureView& x, std::span<const std::uint32_t> rows, std::int64_t first,
                       std::span<const Real> parameters, std::span<float> outputs) = 0;
};

/// Whether rows of `stride` floats come from memory rather than from a cache, so that it pays to ask for them early.
[[nodiscard]] inline bool needs_prefetching(std::int64_t n_rows, std::int64_t stride) {
  constexpr std::int64_t kCachedFloats = 1 << 18;
  return n_rows * stride > kCachedFloats;
}

/// The rows of step `step` of a block; empty beyond its end.
[[nodiscard]] inline std::span<const std::uint32_t> rows_of_step(const StepBlock& block, std::size_t step) {
  const auto batch = static_cast<std::size_t>(block.batch_size);
  const std::size_t begin = std::min(step * batch, block.rows.size());
  return block.rows.subspan(begin, std::min(batch, block.rows.size() - begin));
}

}  // namespace slalom::cpu
