// SPDX-License-Identifier: Apache-2.0
// The matrix products of networks for x86 with AVX-512.
#include "cpu/kernels/product.hpp"

namespace slalom::cpu {

extern const ProductKernels kProductAvx512 = kProductKernels;

}  // namespace slalom::cpu
