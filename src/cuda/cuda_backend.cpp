// SPDX-License-Identifier: Apache-2.0
// Puts the parts of the CUDA backend together.
#include "cuda/cuda_backend.hpp"

#include <algorithm>
#include <numeric>
#include <string>

#include <omp.h>

#include "cuda/check.hpp"

namespace slalom::cuda {
namespace {

// Of a launch's inputs: a sixteenth of the device memory that is free, within these: docs/devices.md.
constexpr std::int64_t kLeastSlotBytes = std::int64_t{128} << 20;
constexpr std::int64_t kMostSlotBytes = std::int64_t{1} << 30;
constexpr std::int64_t kStreamBytes = std::int64_t{64} << 20;  // the same where they contain the rows
constexpr int kSlots = 2;                                      // one launch computes, the next is written and uploaded
constexpr int kStreamSlots = 3;                                // one computes, one is uploaded, one is written
constexpr std::int64_t kMostGatherThreads = 16;
constexpr std::int64_t kLeastPrediction = 2048;  // rows: smaller products may round otherwise

// What is done for want of memory.
constexpr std::string_view kStreaming = "the training data is streamed from the host";
constexpr std::string_view kSending = "validation data is sent to the device for every evaluation";

/// Makes `device` the one that this thread's CUDA calls go to.
Stream stream_on(const DeviceInfo& device) {
  SLALOM_CHECK(cudaSetDevice(device.index));
  return make_stream();
}

std::int64_t free_memory() {
  std::size_t free = 0;
  std::size_t total = 0;
  SLALOM_CHECK(cudaMemGetInfo(&free, &total));
  return static_cast<std::int64_t>(free);
}

/// Device memory that data may take: the user's limit, or nine tenths of what is free, so that there is room for the
/// batches' memory, too.
std::int64_t data_limit(const BackendOptions& options) {
  return options.device_memory > 0 ? options.device_memory : free_memory() / 10 * 9;
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
      stream_bytes_(options.device_memory > 0 ? std::min(kStreamBytes, options.device_memory / kStreamSlots)
                                              : kStreamBytes),
      train_(train),
      layout_(spec),
      stream_(stream_on(device_)),
      population_(layout_, members, stream_.get(), &shortages_),
      engine_(engine ? std::move(engine)
                     : make_engine({.device = device_,
                                    .spec = spec,
                                    .members = members,
                                    .precision = options.precision,
                                    .shortages = &shortages_})),
      pipeline_({.train = train,
                 .resident = nullptr,
                 .population = population_,
                 .ordered_inputs = engine_->wants_ordered_inputs(),
                 .threads = gather_threads(options)},
                {.n_slots = kStreamSlots,
                 .slot_bytes = kStreamBytes,
                 .limit = options.device_memory,
                 .shortages = &shortages_,
                 .make_room = [this](const OutOfMemory& shortage) { make_room(shortage); }},
                population_, *engine_, stream_.get()),
      resident_(data_limit(options)),
      evaluator_(stream_.get()) {
  prediction_.tell(&shortages_);
  if (add_resident(train, kStreaming)) {
    const std::int64_t slot_bytes = std::clamp(free_memory() / 16, kLeastSlotBytes, kMostSlotBytes);
    pipeline_.use(resident_.find(train.view()), kSlots, slot_bytes);
  } else {
    resident_.withhold(kStreamSlots * kStreamBytes);
  }
  SLALOM_CHECK(cudaStreamSynchronize(stream_.get()));
}

std::string CudaBackend::description() const {
  return "cuda (" + device_.name + ", " + engine_->description() + (streams() ? ", streaming)" : ")");
}

std::optional<std::int64_t> CudaBackend::memory_bytes() const {
  return population_.memory_bytes() + engine_->memory_bytes() + pipeline_.memory_bytes() + resident_.used() +
         prediction_.memory_bytes() + evaluator_.memory_bytes();
}

/// False if there is no room for it, which is told if that was not to be expected.
bool CudaBackend::add_resident(const Dataset& data, std::string_view instead) {
  try {
    return resident_.add(data, stream_.get());
  } catch (const OutOfMemory& shortage) {
    shortages_.add(shortage, instead);
    return false;
  }
}

void CudaBackend::keep(const Dataset& data) {
  if (add_resident(data, kSending) && streams()) pipeline_.keep_data(resident_.used());
  kept_.insert(&data);
}

void CudaBackend::reserve(std::span<const EpochShape> epochs) {
  pipeline_.reserve(epochs);
  std::int64_t n_evaluated = 0;
  for (const EpochShape& epoch : epochs) n_evaluated = std::max(n_evaluated, epoch.n_evaluated);
  if (n_evaluated > 0) rehearse_evaluation(train_, n_evaluated);
  for (const Dataset* data : kept_) rehearse_evaluation(*data, 0);
}

/// Evaluates the first rows of the data, or all at once (0), and forgets the metrics: then there is memory for it.
void CudaBackend::rehearse_evaluation(const Dataset& data, std::int64_t n_rows) {
  if (resident_.find(data.view()) == nullptr) {  // rows are sent in pieces, and metrics computed on the host
    const std::int64_t n_sent = n_rows > 0 ? n_rows : data.n_rows;
    n_rows = std::min(n_sent, PredictionBuffers::kRows + 1);  // two pieces take all the memory that more do
  }
  std::vector<std::uint32_t> rows(static_cast<std::size_t>(n_rows));
  std::iota(rows.begin(), rows.end(), 0U);
  static_cast<void>(evaluate(0, data, rows));
}

/// Gives back something that training can do without, the cheapest first; called while the device is idle. Throws the
/// shortage, with advice, if nothing is left.
void CudaBackend::make_room(const OutOfMemory& shortage) {
  if (evaluator_.release()) return;  // these come again when they are needed
  if (prediction_.release()) return;
  if (engine_->release_prediction()) return;
  const bool streamed = streams();
  if (resident_.release(streamed ? nullptr : resident_.find(train_.view()))) {
    shortages_.add(shortage, kSending);
    return;
  }
  if (!streamed) {
    pipeline_.use(nullptr, 0, stream_bytes_);
    resident_.release();
    shortages_.add(shortage, kStreaming);
    return;
  }
  if (!pipeline_.make_smaller()) {
    throw OutOfMemory(std::string(shortage.what()) +
                      "; nothing is left to give back: a smaller --batch-size needs less, --device cpu none");
  }
  shortages_.add(shortage, "epochs are cut into more launches");
}

std::vector<BlockResult> CudaBackend::run(std::span<const StepBlock> blocks) {
  begin(blocks);
  return finish();
}

void CudaBackend::predict(std::int64_t member, const FeatureView& x, std::span<const std::uint32_t> rows,
                          std::span<float> outputs) {
  while (true) {
    const DeviceData* resident = resident_.find(x);
    try {
      return prediction_.predict(*engine_,
                                 {.parameters = population_.evaluation_parameters(member),
                                  .x = x,
                                  .resident = resident != nullptr ? resident->x.data : nullptr,
                                  .rows = rows,
                                  .n_outputs = spec().n_outputs,
                                  .outputs = outputs},
                                 stream_.get());
    } catch (const OutOfMemory& shortage) {
      make_room_for_prediction(shortage);
    }
  }
}

/// Throws the shortage if nothing is left to give back.
void CudaBackend::make_room_for_prediction(const OutOfMemory& shortage) {
  pipeline_.forget();
  SLALOM_CHECK(cudaDeviceSynchronize());
  if (evaluator_.release()) return;
  if (pipeline_.release()) return;
  if (prediction_.make_smaller(kLeastPrediction)) {
    shortages_.add(shortage, "predictions are made in smaller pieces");
    return;
  }
  if (engine_->release_training()) return;
  if (resident_.release()) {  // training data as well: what trains can stream
    pipeline_.use(nullptr, 0, stream_bytes_);
    shortages_.add(shortage, kStreaming);
    return;
  }
  if (prediction_.make_smaller(1)) return;
  throw OutOfMemory(std::string(shortage.what()) + "; nothing is left to give back: --device cpu needs none");
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
    } catch (const OutOfMemory& shortage) {
      SLALOM_CHECK(cudaStreamSynchronize(stream_.get()));
      evaluator_.release();
      shortages_.add(shortage, "metrics are computed on the host");
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
