// SPDX-License-Identifier: Apache-2.0
// The benchmark program: docs/benchmarks.md.
#include "suite.hpp"

int main(int argc, char** argv) {
  return slalom::bench::run_suite(
      argc, argv,
      [](slalom::DeviceKind device, const slalom::ModelSpec& spec, const slalom::Dataset& data,
         std::span<const slalom::MemberConfig> members,
         const slalom::BackendOptions& options) { return slalom::make_backend(device, spec, data, members, options); });
}
