// SPDX-License-Identifier: Apache-2.0
// The passes of networks for x86 with AVX-512.
#include "cpu/kernels/network_passes.hpp"

namespace slalom::cpu {

extern const NetworkKernels kNetworkAvx512 = kNetworkKernels;

}  // namespace slalom::cpu
