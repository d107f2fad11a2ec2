// SPDX-License-Identifier: Apache-2.0
// What computes on the device: one class a way of launching, behind one interface.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <cuda_runtime_api.h>

#include <slalom/backend.hpp>
#include <slalom/config.hpp>

#include "cuda/device_info.hpp"
#include "cuda/shortage.hpp"
#include "member_task.hpp"

namespace slalom::cuda {

/// Runs steps and predictions of models of one spec. Everything is enqueued on the given stream; nothing synchronises,
/// and run() and predict() allocate no device memory.
class DeviceEngine {
 public:
  DeviceEngine() = default;
  virtual ~DeviceEngine() = default;
  DeviceEngine(const DeviceEngine&) = delete;
  DeviceEngine& operator=(const DeviceEngine&) = delete;

  /// For people: "one block a member".
  [[nodiscard]] virtual std::string description() const = 0;

  /// True: tasks must carry OrderedTargets and PackedConstants, which then replace data.targets, labels and weights and
  /// `constants`.
  [[nodiscard]] virtual bool wants_ordered_inputs() const noexcept { return false; }

  /// What it has allocated on the device for itself.
  [[nodiscard]] virtual std::int64_t memory_bytes() const noexcept { return 0; }

  /// Give back what the one needs and the other does not, while the device is idle; false if there is nothing. It comes
  /// again with the next call of prepare() or reserve_prediction().
  virtual bool release_training() { return false; }
  virtual bool release_prediction() { return false; }

  /// Makes room for predictions of up to `rows` rows. Waits for the device if it has to grow.
  virtual void reserve_prediction(std::int64_t /*rows*/) {}

  /// Makes room for all that prepare() can meet in epochs like these tasks, which have n_rows, batch_size and rule, and
  /// whose plans are of no use. Waits for the device.
  virtual void reserve(std::span<MemberTask> /*epochs*/) {}

  /// Makes room for the tasks and fills in their plans, before they are copied to the device. Waits for the device if
  /// memory has to grow.
  virtual void prepare(std::span<MemberTask> /*tasks*/) {}

  /// Enqueues all steps of all tasks, which have been prepared. `device_tasks` is a copy of `tasks` in device memory.
  virtual void run(std::span<const MemberTask> tasks, const MemberTask* device_tasks, cudaStream_t stream) = 0;

  /// Enqueues outputs: [n_rows, n_outputs], n_rows at most what was reserved. Rows as in MemberTask.
  virtual void predict(const float* parameters, const DeviceFeatures& x, const std::uint32_t* rows, std::int64_t n_rows,
                       float* outputs, cudaStream_t stream) = 0;
};

/// What decides between engines.
struct EngineRequest {
  const DeviceInfo& device;
  const ModelSpec& spec;
  std::span<const MemberConfig> members;
  Precision precision = Precision::kFp32;
  Shortages* shortages = nullptr;  ///< told of what engines do otherwise for want of memory; outlives the engine
};

/// The engine for the request. Batch sizes are not known yet: engines decide by them in prepare().
[[nodiscard]] std::unique_ptr<DeviceEngine> make_engine(const EngineRequest& request);

}  // namespace slalom::cuda
