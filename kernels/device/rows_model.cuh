// SPDX-License-Identifier: Apache-2.0
// A member's parameters and optimiser state in shared memory, and their update from a gradient.
#pragma once

#include "device/async_copy.cuh"
#include "device/crew.cuh"
#include "device/slot_update.cuh"
#include "linear_plan.hpp"
#include "member_task.hpp"

namespace slalom::cuda {

/// Arrays of rows_slots() values: parameters, then the optimiser's slots; twice, so that a step whose gradient turns
/// out not to be finite can be taken back by not switching over. Small models are kept once a warp: then no warp waits
/// for another one's update.
class RowsValues {
 public:
  __device__ RowsValues(const LinearModel& model, const RowsLayout& layout, const MemberTask& task, char* shared,
                        int warps)
      : slots_(rows_slots(model)),
        row_(4 * model.pieces()),
        pitch_(static_cast<int>(kept(static_cast<unsigned>(layout.pitch)))),
        arrays_(1 + task.rule.n_slots),
        per_warp_(slots_ <= kWarpSlots),
        first_(static_cast<int>(threadIdx.x) % (per_warp_ ? kWarp : static_cast<int>(blockDim.x))),
        step_(per_warp_ ? kWarp : warps * kWarp),
        now_(reinterpret_cast<float*>(shared + kept(layout.values))) {
    if (per_warp_) now_ += static_cast<int>(threadIdx.x) / kWarp * 2 * arrays_ * pitch_;
    next_ = now_ + arrays_ * pitch_;
  }

  /// The thread's slots are first, first + step, ... up to count.
  [[nodiscard]] __device__ int first() const { return first_; }
  [[nodiscard]] __device__ int step() const { return step_; }
  [[nodiscard]] __device__ int count() const { return slots_; }
  [[nodiscard]] __device__ bool per_warp() const { return per_warp_; }
  [[nodiscard]] __device__ int weights() const { return slots_ - 1 - n_outputs(); }
  [[nodiscard]] __device__ const float* parameters() const { return now_; }
  [[nodiscard]] __device__ unsigned address() const { return shared_address(now_); }  ///< of the parameters
  [[nodiscard]] __device__ float bias(int output) const { return parameters()[weights() + output]; }
  /// Makes the updated values the current ones.
  __device__ void accept() {
    float* old = now_;
    now_ = next_;
    next_ = old;
  }

  __device__ void load(const MemberTask& task, const LinearModel& model) const {
    for (int slot = first_; slot < slots_; slot += step_) {
      const std::int64_t at = arena_index(slot, model);
      for (int a = 0; a < arrays_; ++a) {
        const float* from = a == 0 ? task.parameters : task.state + (a - 1) * model.n_trainable;
        now_[a * pitch_ + slot] = at < 0 ? 0.0F : from[at];
      }
    }
  }
  /// By one warp (per_warp) or the whole crew.
  __device__ void store(const MemberTask& task, const LinearModel& model) const {
    if (per_warp_ && threadIdx.x >= kWarp) return;
    for (int slot = first_; slot < slots_; slot += step_) {
      const std::int64_t at = arena_index(slot, model);
      if (at < 0) continue;
      for (int a = 0; a < arrays_; ++a) {
        float* to = a == 0 ? task.parameters : task.state + (a - 1) * model.n_trainable;
        to[at] = parameters()[a * pitch_ + slot];
      }
    }
  }

  /// Updates one slot from its gradient, into the values that accept() switches to.
  __device__ void update(int slot, float gradient, const DeviceRule& rule, const float* constants) {
    core::with_rule(rule.rule,
                    SlotUpdate<int>{.from = now_ + slot,
                                    .to = next_ + slot,
                                    .state_from = now_ + slot + pitch_,
                                    .state_to = next_ + slot + pitch_,
                                    .pitch = pitch_,
                                    .n_slots = arrays_ - 1,
                                    .gradient = gradient,
                                    .constants = reinterpret_cast<const core::StepConstants<float>*>(constants),
                                    .penalised = slot < weights(),
                                    .flags = rule.flags});
  }

 private:
  [[nodiscard]] __device__ int n_outputs() const { return (slots_ - 1) / (row_ + 1); }
  /// Where a slot lives in the arena; -1 for padding and the flag.
  [[nodiscard]] __device__ std::int64_t arena_index(int slot, const LinearModel& model) const {
    if (slot >= slots_ - 1) return -1;
    if (slot >= weights()) return model.bias + (slot - weights());
    const int column = slot % row_;
    return column < model.n_features ? static_cast<std::int64_t>(slot / row_) * model.n_features + column : -1;
  }

  int slots_, row_, pitch_, arrays_;
  bool per_warp_;
  int first_, step_;
  float *now_, *next_;
};

}  // namespace slalom::cuda
