// SPDX-License-Identifier: Apache-2.0
// The backend on a CUDA device: owns data, population and staging; an engine computes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "cuda/device_info.hpp"
#include "cuda/engine.hpp"
#include "cuda/handle.hpp"
#include "cuda/population.hpp"
#include "cuda/prediction.hpp"
#include "cuda/resident_data.hpp"
#include "cuda/staging.hpp"

namespace slalom::cuda {

/// Implements the contract of Backend on one device and one stream.
class CudaBackend : public Backend {
 public:
  /// `engine`: null for the one that make_engine() chooses.
  CudaBackend(DeviceInfo device, const ModelSpec& spec, const Dataset& train, std::span<const MemberConfig> members,
              const BackendOptions& options, std::unique_ptr<DeviceEngine> engine = nullptr);

  [[nodiscard]] DeviceKind device() const noexcept override { return DeviceKind::kCuda; }
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] std::vector<BlockResult> run(std::span<const StepBlock> blocks) override;
  void keep(const Dataset& data) override { resident_.add(data, stream_.get()); }
  void predict(std::int64_t member, const FeatureView& x, std::span<const std::uint32_t> rows,
               std::span<float> outputs) override;
  [[nodiscard]] MemberState export_state(std::int64_t member) const override;
  void import_state(std::int64_t member, const MemberState& state) override;
  [[nodiscard]] std::vector<double> evaluation_parameters(std::int64_t member) const override;
  void save(std::int64_t member, SnapshotSlot slot) override;
  void restore(std::int64_t member, SnapshotSlot slot) override;

 private:
  [[nodiscard]] Staging::Need need_of(std::span<const StepBlock> blocks) const;
  [[nodiscard]] Staging::Need fill(std::span<const StepBlock> blocks);
  void order_targets(const StepBlock& block, Staging::Need& at, MemberTask& task) const;
  [[nodiscard]] std::vector<BlockResult> collect(std::span<const StepBlock> blocks);

  DeviceInfo device_;
  ParameterLayout layout_;
  const Dataset& train_;
  Stream stream_;
  ResidentData resident_;
  mutable Population population_;  ///< mutable: the mean of averaged SGD is put together in scratch memory
  Staging staging_;
  std::vector<core::StepConstants<float>> constants_;  ///< of one member's block
  std::unique_ptr<DeviceEngine> engine_;
  PredictionBuffers prediction_;
};

}  // namespace slalom::cuda
