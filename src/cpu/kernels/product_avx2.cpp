// SPDX-License-Identifier: Apache-2.0
// The matrix products of networks for x86 with AVX2 and FMA.
#include "cpu/kernels/product.hpp"

namespace slalom::cpu {

extern const ProductKernels kProductAvx2 = kProductKernels;

}  // namespace slalom::cpu
