// SPDX-License-Identifier: Apache-2.0
// What every backend shares: evaluation on the host, and choosing a backend.
#include <slalom/backend.hpp>

#include <omp.h>

#include <slalom/error.hpp>

#include "core/cost_model.hpp"
#include "cpu/host_backends.hpp"
#include "cuda/factory.hpp"

namespace slalom {

void Backend::run_each(const BlockOf& block_of, const TakeResult& take_result) {
  std::vector<StepBlock> blocks;
  for (std::int64_t m = 0; m < n_members_; ++m) blocks.push_back(block_of(m));
  const std::vector<BlockResult> results = run(blocks);
  for (std::int64_t m = 0; m < n_members_; ++m) take_result(m, results[static_cast<std::size_t>(m)]);
}

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

core::Workload workload_of(const ModelSpec& spec, const Dataset& train, std::span<const MemberConfig> members,
                           const BackendOptions::Expected& expected) {
  return {.n_rows = train.n_rows,
          .n_features = spec.n_features,
          .n_outputs = spec.n_outputs,
          .hidden = spec.hidden,
          .batch_size = expected.batch_size,
          .n_members = static_cast<std::int64_t>(members.size()),
          .epochs = expected.epochs,
          .max_steps = expected.max_steps};
}

/// By the cost model; the CPU where there is no device that can be used, or it cannot be used after all.
std::unique_ptr<Backend> make_faster_backend(const ModelSpec& spec, const Dataset& train,
                                             std::span<const MemberConfig> members, const BackendOptions& options,
                                             std::string* reason) {
  const cuda::DeviceReport report = cuda::report_devices();
  const int threads = options.threads > 0 ? options.threads : omp_get_num_procs();
  core::DeviceChoice choice{.gpu = false, .reason = "cpu: " + report.unavailable};
  std::unique_ptr<Backend> backend;
  if (report.unavailable.empty()) {
    choice = core::choose_device(workload_of(spec, train, members, options.expected), threads, report.usable);
  }
  if (choice.gpu) {
    try {
      backend = cuda::make_cuda_backend(spec, train, members, options);
    } catch (const DeviceError& error) {
      choice.reason = std::string("cpu: ") + error.what();
    }
  }
  if (reason != nullptr) *reason = choice.reason;
  return backend ? std::move(backend) : cpu::make_cpu_backend(spec, train, members, options.threads);
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
    case DeviceKind::kAuto: return make_faster_backend(spec, train, members, options, reason);
    case DeviceKind::kCpu: break;
  }
  return cpu::make_cpu_backend(spec, train, members, options.threads);
}

}  // namespace slalom
