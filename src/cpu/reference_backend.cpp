// SPDX-License-Identifier: Apache-2.0
// The float64 backend: plain loops in index order.
#include "cpu/host_backend.hpp"
#include "cpu/host_backends.hpp"
#include "cpu/network_engine.hpp"

namespace slalom::cpu {
namespace {

class ReferenceBackend : public HostBackend<double> {
 public:
  ReferenceBackend(const ModelSpec& spec, const Dataset& train, std::span<const MemberConfig> members)
      : HostBackend(spec, members) {
    add_worker(std::make_unique<NetworkEngine<double>>(spec, train));
  }
  [[nodiscard]] DeviceKind device() const noexcept override { return DeviceKind::kReference; }
  [[nodiscard]] std::string description() const override { return "reference (float64, 1 thread)"; }
};

}  // namespace

std::unique_ptr<Backend> make_reference_backend(const ModelSpec& spec, const Dataset& train,
                                                std::span<const MemberConfig> members) {
  return std::make_unique<ReferenceBackend>(spec, train, members);
}

}  // namespace slalom::cpu
