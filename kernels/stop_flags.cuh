// SPDX-License-Identifier: Apache-2.0
// Lets a member that stopped in one launch of a block rest in the next ones.
#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

#include "member_task.hpp"

namespace slalom::cuda {

/// After a launch that is followed by another: stopped[m] becomes whether flags[m] names a step; unless `first`, what
/// was stopped stays so.
struct NoteStopsArguments {
  const std::int32_t* flags = nullptr;  ///< [n_members] what the launch left in MemberTask::first_non_finite
  std::int64_t n_members = 0;
  bool first = true;
  std::int32_t* stopped = nullptr;  ///< [n_members]
};
void launch_note_stops(const NoteStopsArguments& arguments, cudaStream_t stream);

/// Before a launch that follows another: members that have stopped get no rows and the flag kStoppedBefore.
struct ApplyStopsArguments {
  const std::int32_t* stopped = nullptr;  ///< [n_members]
  std::int64_t n_members = 0;
  MemberTask* tasks = nullptr;    ///< [n_members]
  std::int32_t* flags = nullptr;  ///< [n_members]
};
void launch_apply_stops(const ApplyStopsArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
