// SPDX-License-Identifier: Apache-2.0
// The passes of networks for any processor.
#include "cpu/kernels/network_passes.hpp"

namespace slalom::cpu {

extern const NetworkKernels kNetworkBaseline = kNetworkKernels;

}  // namespace slalom::cpu
