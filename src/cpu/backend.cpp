// SPDX-License-Identifier: Apache-2.0
// What every backend shares: evaluation on the host, and choosing a backend.
#include <slalom/backend.hpp>

#include <slalom/error.hpp>

#include "cpu/host_backends.hpp"
#include "cuda/factory.hpp"

namespace slalom {

Metrics Backend::evaluate(std::int64_t member, const Dataset& data, std::span<const std::uint32_t> rows) {
  const std::int64_t n = rows.empty() ? data.n_rows : static_cast<std::int64_t>(rows.size());
  std::vector<float> outputs(static_cast<std::size_t>(n * spec_.n_outputs));
  predict(member, data.view(), rows, outputs);
  return compute_metrics(spec_, data, rows, outputs);
}

namespace {

/// Only networks on a CUDA device multiply in anything but the backend's own arithmetic.
void validate_precision(DeviceKind device, const ModelSpec& spec, Precision precision) {
  if (precision == Precision::kFp32) return;
  const std::string found = "--precision: found " + std::string(name_of(precision)) + ", expected fp32 ";
  if (device != DeviceKind::kCuda) throw UsageError(found + "with --device " + std::string(name_of(device)));
  if (spec.is_linear()) throw UsageError(found + "for a model without hidden layers");
}

}  // namespace

std::unique_ptr<Backend> make_backend(DeviceKind device, const ModelSpec& spec, const Dataset& train,
                                      std::span<const MemberConfig> members, const BackendOptions& options,
                                      std::string* reason) {
  validate(spec);
  for (const MemberConfig& member : members) validate(member.optimizer);
  if (members.empty()) throw UsageError("population: found 0 members, expected at least 1");
  validate_precision(device, spec, options.precision);
  switch (device) {
    case DeviceKind::kReference: return cpu::make_reference_backend(spec, train, members);
    case DeviceKind::kCuda: return cuda::make_cuda_backend(spec, train, members, options);
    case DeviceKind::kAuto:
      if (reason != nullptr) {
        const std::string unavailable = cuda::report_devices().unavailable;
        *reason = "cpu: " + (unavailable.empty() ? "there is a CUDA device; --device cuda uses it" : unavailable);
      }
      break;
    case DeviceKind::kCpu: break;
  }
  return cpu::make_cpu_backend(spec, train, members, options.threads);
}

}  // namespace slalom
