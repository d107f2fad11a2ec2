// SPDX-License-Identifier: Apache-2.0
// Puts the parts of the CUDA backend together.
#include "cuda/cuda_backend.hpp"

#include <algorithm>
#include <string>

#include <omp.h>

#include "cuda/check.hpp"

namespace slalom::cuda {
namespace {

constexpr std::int64_t kSlotBytes = std::int64_t{128} << 20;   // of a launch's inputs: docs/devices.md
constexpr std::int64_t kStreamBytes = std::int64_t{64} << 20;  // the same where they contain the rows
constexpr int kSlots = 2;                                      // one launch computes, the next is written and uploaded
constexpr int kStreamSlots = 3;                                // one computes, one is uploaded, one is written
constexpr std::int64_t kMostGatherThreads = 16;

/// Makes `device` the one that this thread's CUDA calls go to.
Stream stream_on(const DeviceInfo& device) {
  SLALOM_CHECK(cudaSetDevice(device.index));
  return make_stream();
}

/// Device memory that data may take: the user's limit, or nine tenths of what is free, so that there is room for the
/// batches' memory, too.
std::int64_t data_limit(const BackendOptions& options) {
  if (options.device_memory > 0) return options.device_memory;
  std::size_t free = 0;
  std::size_t total = 0;
  SLALOM_CHECK(cudaMemGetInfo(&free, &total));
  return static_cast<std::int64_t>(free / 10 * 9);
}

PipelineMemory pipeline_memory(bool streams, const BackendOptions& options) {
  if (!streams) return {.n_slots = kSlots, .slot_bytes = kSlotBytes};
  return {.n_slots = kStreamSlots, .slot_bytes = kStreamBytes, .limit = options.device_memory};
}

int gather_threads(const BackendOptions& options) {
  return static_cast<int>(
      std::min<std::int64_t>(options.threads > 0 ? options.threads : omp_get_num_procs(), kMostGatherThreads));
}

}  // namespace

CudaBackend::CudaBackend(DeviceInfo device, const ModelSpec& spec, const Dataset& train,
                         std::span<const MemberConfig> members, const BackendOptions& options,
                         std::unique_ptr<DeviceEngine> engine)
    : Backend(spec, static_cast<std::int64_t>(members.size())),
      device_(std::move(device)),
      layout_(spec),
      stream_(stream_on(device_)),
      population_(layout_, members, stream_.get()),
      resident_(data_limit(options)),
      train_is_resident_(resident_.add(train, stream_.get())),
      engine_(engine
                  ? std::move(engine)
                  : make_engine({.device = device_, .spec = spec, .members = members, .precision = options.precision})),
      pipeline_({.train = train,
                 .resident = resident_.find(train.view()),
                 .population = population_,
                 .ordered_inputs = engine_->wants_ordered_inputs(),
                 .threads = gather_threads(options)},
                pipeline_memory(streams(), options), population_, *engine_, stream_.get()),
      evaluator_(stream_.get()) {
  if (streams()) resident_.withhold(kStreamSlots * kStreamBytes);
  SLALOM_CHECK(cudaStreamSynchronize(stream_.get()));
}

std::string CudaBackend::description() const {
  return "cuda (" + device_.name + ", " + engine_->description() + (streams() ? ", streaming)" : ")");
}

void CudaBackend::keep(const Dataset& data) {
  if (resident_.add(data, stream_.get()) && streams()) pipeline_.keep_data(resident_.used());
}

std::vector<BlockResult> CudaBackend::run(std::span<const StepBlock> blocks) {
  begin(blocks);
  return finish();
}

void CudaBackend::predict(std::int64_t member, const FeatureView& x, std::span<const std::uint32_t> rows,
                          std::span<float> outputs) {
  const DeviceData* resident = resident_.find(x);
  prediction_.predict(*engine_,
                      {.parameters = population_.evaluation_parameters(member),
                       .x = x,
                       .resident = resident != nullptr ? resident->x.data : nullptr,
                       .rows = rows,
                       .n_outputs = spec().n_outputs,
                       .outputs = outputs},
                      stream_.get());
}

Metrics CudaBackend::evaluate(std::int64_t member, const Dataset& data, std::span<const std::uint32_t> rows) {
  const DeviceData* resident = resident_.find(data.view());
  if (resident != nullptr && !evaluated_on_host_.contains(resident)) {
    try {
      return evaluator_.evaluate(*engine_, {.spec = spec(),
                                            .parameters = population_.evaluation_parameters(member),
                                            .data = data,
                                            .resident = *resident,
                                            .rows = rows});
    } catch (const OutOfMemory&) {
      SLALOM_CHECK(cudaStreamSynchronize(stream_.get()));
      evaluator_.release();
      evaluated_on_host_.insert(resident);
    }
  }
  return Backend::evaluate(member, data, rows);
}

MemberState CudaBackend::export_state(std::int64_t member) const { return population_.export_state(member); }
void CudaBackend::import_state(std::int64_t member, const MemberState& state) {
  population_.import_state(member, state);
}
std::vector<double> CudaBackend::evaluation_parameters(std::int64_t member) const {
  return population_.download_evaluation_parameters(member);
}
void CudaBackend::save(std::int64_t member, SnapshotSlot slot) { population_.save(member, slot); }
void CudaBackend::restore(std::int64_t member, SnapshotSlot slot) { population_.restore(member, slot); }

}  // namespace slalom::cuda
