// SPDX-License-Identifier: Apache-2.0
// The CUDA device's probes.
#include <algorithm>

#include "core/stopwatch.hpp"
#include "cuda/arena.hpp"
#include "cuda/device_info.hpp"
#include "cuda/handle.hpp"
#include "machine.hpp"

namespace slalom::bench {
namespace {

constexpr int kRuns = 5;
constexpr std::int64_t kOrder = 4096;                                         ///< of the matrices
constexpr std::int64_t kFloats = std::int64_t{1} << 27U;                      ///< 512 MiB
static_assert(kFloats >= kOrder * kOrder * 2 && kOrder * kOrder <= kFloats);  // the arrays hold the matrices

/// The shortest of several runs of `enqueue` on `stream`.
template <class Enqueue>
double best_seconds(cudaStream_t stream, Enqueue&& enqueue) {
  double best = 0.0;
  for (int run = 0; run <= kRuns; ++run) {  // the first warms up
    const core::Clock::time_point start = core::Clock::now();
    enqueue();
    SLALOM_CHECK(cudaStreamSynchronize(stream));
    const double seconds = core::seconds_since(start);
    if (run > 0) best = run == 1 ? seconds : std::min(best, seconds);
  }
  return best;
}

}  // namespace

Speed probe_cuda() {
  SLALOM_CHECK(cudaSetDevice(cuda::usable_device().index));
  cuda::ArenaLayout layout;
  const cuda::Piece<float> from = layout.add<float>(kFloats), into = layout.add<float>(kFloats);
  const cuda::Arena memory(layout, cuda::MemoryKind::kDevice);
  const cuda::Stream stream = cuda::make_stream();
  const std::size_t bytes = static_cast<std::size_t>(kFloats) * sizeof(float);
  for (const cuda::Piece<float> piece : {from, into}) {
    SLALOM_CHECK(cudaMemsetAsync(memory.pointer(piece), 0, bytes, stream.get()));
  }
  const double copy = best_seconds(stream.get(), [&] {
    SLALOM_CHECK(
        cudaMemcpyAsync(memory.pointer(into), memory.pointer(from), bytes, cudaMemcpyDeviceToDevice, stream.get()));
  });
  const cuda::Blas blas = cuda::make_blas();
  SLALOM_CHECK(cublasSetStream(blas.get(), stream.get()));
  constexpr float kOne = 1.0F, kZero = 0.0F;
  const float* a = memory.pointer(from);
  const float* b = a + kOrder * kOrder;
  const double product = best_seconds(stream.get(), [&] {
    SLALOM_CHECK(cublasSgemm(blas.get(), CUBLAS_OP_N, CUBLAS_OP_N, kOrder, kOrder, kOrder, &kOne, a, kOrder, b, kOrder,
                             &kZero, memory.pointer(into), kOrder));
  });
  return {2.0 * static_cast<double>(bytes) / copy, 2.0 * static_cast<double>(kOrder * kOrder * kOrder) / product};
}

}  // namespace slalom::bench
