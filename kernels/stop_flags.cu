// SPDX-License-Identifier: Apache-2.0
// Lets a member that stopped in one launch of a block rest in the next ones.
#include "stop_flags.cuh"

#include "cuda/check.hpp"

namespace slalom::cuda {
namespace {

constexpr int kThreads = 256;

unsigned blocks_for(std::int64_t n_members) { return static_cast<unsigned>((n_members + kThreads - 1) / kThreads); }

// Both: a thread has one member, neighbours read and write neighbouring flags; nothing is ordered; bound by the latency
// of a launch, which only blocks of steps that are cut pay. Test: tests/cuda/step_pipeline_test.cpp.
__global__ void note_stops_kernel(const NoteStopsArguments a) {
  const std::int64_t m = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (m >= a.n_members) return;
  const bool before = !a.first && a.stopped[m] != 0;
  a.stopped[m] = before || a.flags[m] >= 0 ? 1 : 0;
}

__global__ void apply_stops_kernel(const ApplyStopsArguments a) {
  const std::int64_t m = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (m >= a.n_members || a.stopped[m] == 0) return;
  a.tasks[m].n_rows = 0;
  a.flags[m] = kStoppedBefore;
}

}  // namespace

void launch_note_stops(const NoteStopsArguments& arguments, cudaStream_t stream) {
  if (arguments.n_members == 0) return;
  note_stops_kernel<<<blocks_for(arguments.n_members), kThreads, 0, stream>>>(arguments);
  SLALOM_CHECK_LAUNCH(note_stops_kernel);
}

void launch_apply_stops(const ApplyStopsArguments& arguments, cudaStream_t stream) {
  if (arguments.n_members == 0) return;
  apply_stops_kernel<<<blocks_for(arguments.n_members), kThreads, 0, stream>>>(arguments);
  SLALOM_CHECK_LAUNCH(apply_stops_kernel);
}

}  // namespace slalom::cuda
