// SPDX-License-Identifier: Apache-2.0
// Chooses the engine.
#include "cuda/engine.hpp"

#include <algorithm>

#include "cuda/linear_engine.hpp"
#include "cuda/network_chooser.hpp"
#include "cuda/network_engine.hpp"

namespace slalom::cuda {
namespace {

int most_slots(std::span<const MemberConfig> members) {
  int most = 0;
  for (const MemberConfig& member : members) most = std::max(most, core::resolve_rule(member.optimizer).n_slots);
  return most;
}

}  // namespace

std::unique_ptr<DeviceEngine> make_engine(const EngineRequest& request) {
  if (!request.spec.is_linear()) {
    const NetworkOptions options{.precision = request.precision, .max_slots = most_slots(request.members)};
    const auto make_large = [spec = request.spec, options, shortages = request.shortages] {
      return std::make_unique<NetworkEngine>(spec, options, shortages);
    };
    if (options.precision != Precision::kFp32) return make_large();
    return std::make_unique<NetworkChooser>(request.spec, request.device, make_large);
  }
  return std::make_unique<LinearEngine>(request.spec,
                                        DeviceLimits{.multiprocessors = request.device.multiprocessors,
                                                     .shared_bytes = request.device.shared_bytes_per_block},
                                        static_cast<std::int64_t>(request.members.size()));
}

}  // namespace slalom::cuda
