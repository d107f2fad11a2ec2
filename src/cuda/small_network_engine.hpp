// SPDX-License-Identifier: Apache-2.0
// The engine of networks that fit one thread block: all steps of all members in one launch.
#pragma once

#include <optional>

#include "cuda/engine.hpp"
#include "small_network.hpp"

namespace slalom::cuda {

/// Trains the members that fit, by the rule of small_network.hpp, a block each. Needs no memory of its own.
class SmallNetworkEngine : public DeviceEngine {
 public:
  /// `device.shared_bytes_per_block` may be less than what the device has.
  SmallNetworkEngine(const ModelSpec& spec, const DeviceInfo& device);

  /// Whether run() trains a member with this task's batch size and optimiser.
  [[nodiscard]] bool trains(const MemberTask& task) const;
  /// Whether predict() can be used; depends on the network alone.
  [[nodiscard]] bool predicts() const noexcept { return network_.has_value() && predict_plan_.fits(); }

  [[nodiscard]] std::string description() const override;
  /// Leaves members that do not fit alone.
  void run(std::span<const MemberTask> tasks, const MemberTask* device_tasks, cudaStream_t stream) override;
  void predict(const float* parameters, const DeviceFeatures& x, const std::uint32_t* rows, std::int64_t n_rows,
               float* outputs, cudaStream_t stream) override;

 private:
  [[nodiscard]] SmallPlan plan_of(const MemberTask& task) const;

  std::optional<SmallNetwork> network_;
  SmallPredictPlan predict_plan_;
  int shared_limit_;
  int multiprocessors_;
};

}  // namespace slalom::cuda
