// SPDX-License-Identifier: Apache-2.0
// The engine of models without hidden layers: all steps of all members in one launch.
#pragma once

#include "cuda/arena.hpp"
#include "cuda/engine.hpp"
#include "cuda/handle.hpp"
#include "linear_plan.hpp"
#include "linear_predict.cuh"

namespace slalom::cuda {

/// Picks the kernel for each launch by the rule of linear_plan.hpp.
class LinearEngine : public DeviceEngine {
 public:
  /// `limits` may be less than what the device has.
  LinearEngine(const ModelSpec& spec, const DeviceLimits& limits, std::int64_t n_members);

  [[nodiscard]] std::string description() const override;
  [[nodiscard]] std::int64_t memory_bytes() const noexcept override {
    return static_cast<std::int64_t>(exchange_.bytes() + tiles_.bytes() + gathered_.bytes());
  }
  [[nodiscard]] bool wants_ordered_inputs() const noexcept override { return true; }
  bool release_training() override;
  bool release_prediction() override;
  void reserve_prediction(std::int64_t rows) override;
  void reserve(std::span<MemberTask> epochs) override {
    if (!in_registers_) prepare_tiles(epochs);
  }
  void prepare(std::span<MemberTask> tasks) override;
  void run(std::span<const MemberTask> tasks, const MemberTask* device_tasks, cudaStream_t stream) override;
  void predict(const float* parameters, const DeviceFeatures& x, const std::uint32_t* rows, std::int64_t n_rows,
               float* outputs, cudaStream_t stream) override;

 private:
  void prepare_rows(std::span<MemberTask> tasks);
  void prepare_tiles(std::span<MemberTask> tasks);
  void place_team(LaunchPlan& plan, int& next) const;
  void run_rows(std::span<const MemberTask> tasks, const MemberTask* device_tasks, cudaStream_t stream);
  void predict_with_blas(const LinearPredictArguments& arguments, cudaStream_t stream);
  void run_tiles(std::span<const MemberTask> tasks, const MemberTask* device_tasks, cudaStream_t stream);

  LinearModel model_;
  DeviceLimits limits_;
  RowsShape shape_;
  bool in_registers_;  ///< rows kernels; if not, the tiles kernel
  Arena exchange_;     ///< of the rows kernels, and barriers
  Piece<float> gradients_;
  Piece<double> losses_;
  Piece<unsigned> counters_;
  Arena tiles_;  ///< scratch memory of the tiles kernel
  Piece<std::byte> tiles_bytes_;
  std::int64_t tiles_per_block_ = 0;
  Blas blas_;       ///< predicts what the kernel cannot
  Arena gathered_;  ///< rows side by side, for it
  Piece<float> gathered_rows_;
  std::int64_t gathered_capacity_ = 0;
};

}  // namespace slalom::cuda
