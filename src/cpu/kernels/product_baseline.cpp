// SPDX-License-Identifier: Apache-2.0
// The matrix products of networks for any processor.
#include "cpu/kernels/product.hpp"

namespace slalom::cpu {

extern const ProductKernels kProductBaseline = kProductKernels;

}  // namespace slalom::cpu
