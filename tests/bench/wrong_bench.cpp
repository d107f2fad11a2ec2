// SPDX-License-Identifier: Apache-2.0
// The benchmark program with a cpu backend that learns a little too slowly.
#include "bench/wrong_backend.hpp"
#include "suite.hpp"

int main(int argc, char** argv) {
  using namespace slalom;
  return bench::run_suite(
      argc, argv,
      [](DeviceKind device, const ModelSpec& spec, const Dataset& data, std::span<const MemberConfig> members,
         const BackendOptions& options) -> std::unique_ptr<Backend> {
        if (device != DeviceKind::kCpu) return make_backend(device, spec, data, members, options);
        return std::make_unique<testing::WrongBackend>(testing::Fault::kRate, spec, data, members);
      });
}
