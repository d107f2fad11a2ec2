// SPDX-License-Identifier: Apache-2.0
// The passes of networks for x86 with AVX2.
#include "cpu/kernels/network_passes.hpp"

namespace slalom::cpu {

extern const NetworkKernels kNetworkAvx2 = kNetworkKernels;

}  // namespace slalom::cpu
