// SPDX-License-Identifier: Apache-2.0
// Copies of the block kernel with one line broken each (see tests/cuda/CMakeLists.txt), for models of one output and 5
// to 8 features.
#pragma once

#include <cuda_runtime_api.h>

#include "linear_block.cuh"

namespace slalom::testing {

void launch_unbroken(const cuda::LinearBlockArguments& arguments, cudaStream_t stream);
void launch_wrong_scale(const cuda::LinearBlockArguments& arguments, cudaStream_t stream);
void launch_missing_barrier(const cuda::LinearBlockArguments& arguments, cudaStream_t stream);
void launch_missing_wait(const cuda::LinearBlockArguments& arguments, cudaStream_t stream);
void launch_lost_warp(const cuda::LinearBlockArguments& arguments, cudaStream_t stream);
void launch_unchecked_gradient(const cuda::LinearBlockArguments& arguments, cudaStream_t stream);

}  // namespace slalom::testing
