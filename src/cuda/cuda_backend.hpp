// SPDX-License-Identifier: Apache-2.0
// The backend on a CUDA device: owns data and population; a pipeline feeds the engine that computes.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "cuda/device_info.hpp"
#include "cuda/engine.hpp"
#include "cuda/evaluation.hpp"
#include "cuda/handle.hpp"
#include "cuda/population.hpp"
#include "cuda/prediction.hpp"
#include "cuda/resident_data.hpp"
#include "cuda/shortage.hpp"
#include "cuda/step_pipeline.hpp"

namespace slalom::cuda {

/// Implements the contract of Backend on one device. Training data that fits is resident; else its rows are streamed,
/// in the order in which they are visited. Where memory is short later, the backend gives back what it can do without
/// (make_room), says so in take_notes(), and goes on with the same results.
class CudaBackend : public Backend {
 public:
  /// `engine`: null for the one that make_engine() chooses.
  CudaBackend(DeviceInfo device, const ModelSpec& spec, const Dataset& train, std::span<const MemberConfig> members,
              const BackendOptions& options, std::unique_ptr<DeviceEngine> engine = nullptr);

  [[nodiscard]] DeviceKind device() const noexcept override { return DeviceKind::kCuda; }
  [[nodiscard]] std::string description() const override;
  /// All that was allocated for it; what the CUDA runtime and its libraries take for themselves is not counted.
  [[nodiscard]] std::optional<std::int64_t> memory_bytes() const override;
  [[nodiscard]] std::vector<std::string> take_notes() override { return shortages_.take(); }
  [[nodiscard]] std::vector<BlockResult> run(std::span<const StepBlock> blocks) override;
  [[nodiscard]] bool looks_ahead() const noexcept override { return true; }
  void begin(std::span<const StepBlock> blocks) override { pipeline_.begin(blocks); }
  void prefetch(std::span<const StepBlock> blocks) override { pipeline_.prefetch(blocks); }
  void forget() noexcept override { pipeline_.forget(); }
  [[nodiscard]] std::vector<BlockResult> finish() override { return pipeline_.finish(); }
  void keep(const Dataset& data) override;
  void reserve(std::span<const EpochShape> epochs) override;
  void predict(std::int64_t member, const FeatureView& x, std::span<const std::uint32_t> rows,
               std::span<float> outputs) override;
  /// On the device for datasets that are there, unless its memory is too short for that.
  [[nodiscard]] Metrics evaluate(std::int64_t member, const Dataset& data,
                                 std::span<const std::uint32_t> rows) override;
  [[nodiscard]] MemberState export_state(std::int64_t member) const override;
  void import_state(std::int64_t member, const MemberState& state) override;
  [[nodiscard]] std::vector<double> evaluation_parameters(std::int64_t member) const override;
  void save(std::int64_t member, SnapshotSlot slot) override;
  void restore(std::int64_t member, SnapshotSlot slot) override;

 private:
  [[nodiscard]] bool streams() const { return resident_.find(train_.view()) == nullptr && train_.n_rows > 0; }
  void rehearse_evaluation(const Dataset& data, std::int64_t n_rows);
  bool add_resident(const Dataset& data, std::string_view instead);
  void make_room(const OutOfMemory& shortage);
  void make_room_for_prediction(const OutOfMemory& shortage);

  DeviceInfo device_;
  std::int64_t stream_bytes_;  ///< of a launch's inputs, if training data that was resident must be streamed
  const Dataset& train_;
  ParameterLayout layout_;
  Stream stream_;
  Shortages shortages_;
  mutable Population population_;  ///< mutable: the mean of averaged SGD is put together in scratch memory
  std::unique_ptr<DeviceEngine> engine_;
  StepPipeline pipeline_;
  ResidentData resident_;
  PredictionBuffers prediction_;
  Evaluator evaluator_;
  std::set<const Dataset*> kept_;
  std::set<const DeviceData*> evaluated_on_host_;  ///< datasets for whose metrics device memory was too short
};

}  // namespace slalom::cuda
