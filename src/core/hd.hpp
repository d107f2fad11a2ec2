// SPDX-License-Identifier: Apache-2.0
// The annotation of functions that both host and device compile.
#pragma once

#if defined(__CUDACC__)
#define SLALOM_HD __host__ __device__ __forceinline__
#elif defined(SLALOM_VECTOR_WIDTH)
// A file compiled for more than the baseline's instructions (src/cpu/kernels/): it must not leave copies of shared
// functions that the linker could give to everybody.
#define SLALOM_HD [[gnu::always_inline]] inline
#else
#define SLALOM_HD inline
#endif
