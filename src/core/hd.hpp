// SPDX-License-Identifier: Apache-2.0
// The annotation of functions that both host and device compile.
#pragma once

#if defined(__CUDACC__)
#define SLALOM_HD __host__ __device__ __forceinline__
#else
#define SLALOM_HD inline
#endif
