// SPDX-License-Identifier: Apache-2.0
// Stands in for the CUDA device's probes in builds without CUDA.
#include <slalom/error.hpp>

#include "machine.hpp"

namespace slalom::bench {

Speed probe_cuda() { throw DeviceError("this build has no CUDA backend"); }

}  // namespace slalom::bench
