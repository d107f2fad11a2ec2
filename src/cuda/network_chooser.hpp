// SPDX-License-Identifier: Apache-2.0
// Gives each member of a population of networks to the engine that suits it.
#pragma once

#include <functional>
#include <memory>

#include "cuda/small_network_engine.hpp"

namespace slalom::cuda {

/// Members whose network, batch and optimiser fit one thread block train together in one launch; the others, member by
/// member, in the engine for networks of any size, which is made when it is first needed. The choice depends on the
/// member alone, so its numbers do not depend on the population.
class NetworkChooser : public DeviceEngine {
 public:
  using MakeEngine = std::function<std::unique_ptr<DeviceEngine>()>;
  NetworkChooser(const ModelSpec& spec, const DeviceInfo& device, MakeEngine make_large);

  [[nodiscard]] std::string description() const override;
  [[nodiscard]] std::int64_t memory_bytes() const noexcept override { return large_ ? large_->memory_bytes() : 0; }
  bool release_training() override { return large_ && large_->release_training(); }
  bool release_prediction() override { return large_ && large_->release_prediction(); }
  void reserve_prediction(std::int64_t rows) override;
  void reserve(std::span<MemberTask> epochs) override;
  void prepare(std::span<MemberTask> tasks) override;
  void run(std::span<const MemberTask> tasks, const MemberTask* device_tasks, cudaStream_t stream) override;
  void predict(const float* parameters, const DeviceFeatures& x, const std::uint32_t* rows, std::int64_t n_rows,
               float* outputs, cudaStream_t stream) override;

 private:
  [[nodiscard]] bool is_large(const MemberTask& task) const;
  void note_choices(std::span<const MemberTask> tasks);
  DeviceEngine& large();

  SmallNetworkEngine small_;
  MakeEngine make_large_;
  std::unique_ptr<DeviceEngine> large_;
  bool any_small_ = false, any_large_ = false;  ///< of the members that there were so far
};

}  // namespace slalom::cuda
