// SPDX-License-Identifier: Apache-2.0
// The float32 backend: fused loops; threads over members, or over the work of a step.
#include <omp.h>

#include <algorithm>
#include <optional>

#include "core/huge_pages.hpp"
#include "cpu/compact_rows.hpp"
#include "cpu/host_backend.hpp"
#include "cpu/host_backends.hpp"
#include "cpu/instruction_set.hpp"
#include "cpu/linear_engine.hpp"
#include "cpu/tiled_network_engine.hpp"

namespace slalom::cpu {
namespace {

class CpuBackend : public HostBackend<float> {
 public:
  CpuBackend(const ModelSpec& spec, const Dataset& train, std::span<const MemberConfig> members, int threads)
      : HostBackend(spec, members), threads_(threads) {
    core::use_huge_pages(train.features.data(), train.features.size() * sizeof(float));
    if (spec.is_linear()) compact_ = compact_rows(train.view());
    // Several members: one thread each. One member gets all threads.
    const int workers = std::clamp(static_cast<int>(std::min<std::size_t>(members.size(), 1024)), 1, threads);
    for (int i = 0; i < workers; ++i) add_worker(make_engine(spec, train, workers > 1 ? 1 : threads));
  }
  [[nodiscard]] DeviceKind device() const noexcept override { return DeviceKind::kCpu; }
  [[nodiscard]] std::string description() const override {
    return "cpu (float32, " + std::to_string(threads_) + (threads_ == 1 ? " thread)" : " threads)");
  }

 private:
  std::unique_ptr<Engine<float>> make_engine(const ModelSpec& spec, const Dataset& train, int threads) {
    const InstructionSet widest = chosen_instruction_set();
    if (spec.is_linear()) {
      const CompactRows* compact = compact_ ? &*compact_ : nullptr;
      return std::make_unique<LinearEngine>(spec, train, compact, threads, *widest.linear);
    }
    return std::make_unique<TiledNetworkEngine>(spec, train, threads, widest);
  }
  int threads_;
  std::optional<CompactRows> compact_;  ///< shared by all engines
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(const ModelSpec& spec, const Dataset& train,
                                          std::span<const MemberConfig> members, int threads) {
  return std::make_unique<CpuBackend>(spec, train, members, threads > 0 ? threads : omp_get_num_procs());
}

}  // namespace slalom::cpu
