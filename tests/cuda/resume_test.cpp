// SPDX-License-Identifier: Apache-2.0
// Going on from a checkpoint is never having stopped, on a device, streaming included.
#include "train/resume.hpp"

#include "cuda/device_test.hpp"

namespace slalom::testing {
namespace {

class CudaResumeTest : public DeviceTest, public ::testing::WithParamInterface<ResumeCase> {};

TEST_P(CudaResumeTest, IsNeverHavingStopped) {
  TrainJob job = resume_job(DeviceKind::kCuda);
  GetParam().set(job);
  expect_resumes_exactly(job, 5);
}

constexpr std::int64_t kLessThanTheData = 500;  ///< bytes: 51 rows of 12, but room for the batches on their way

TEST_F(DeviceTest, ResumeCasesStreamWhereTheySaySo) {
  TrainJob job = resume_job(DeviceKind::kCuda);
  job.trainer.epochs = 1;
  job.device_memory = kLessThanTheData;
  const JobResult result = run_job(job, resume_table(kResumeRows), nullptr, {});
  EXPECT_NE(result.device_description.find("streaming"), std::string::npos) << result.device_description;
}

/// Every optimiser, networks large and small, and the guard's snapshots; schedules live on the host, where resume_test covers them.
std::vector<ResumeCase> device_cases() {
  std::vector<ResumeCase> cases;
  for (const ResumeCase& one : resume_cases()) {
    if (one.name.starts_with("linear_") || one.name.starts_with("network") || one.name == "early_stopping" ||
        one.name.starts_with("the_guard")) {
      cases.push_back(one);
    }
  }
  cases.push_back({"streaming", [](TrainJob& job) { job.device_memory = kLessThanTheData; }});
  cases.push_back({"streaming_network", [](TrainJob& job) {
                     as_network(job);
                     job.device_memory = kLessThanTheData;
                   }});
  cases.push_back({"graph_network", [](TrainJob& job) {
                     as_network(job);
                     job.model.hidden = {160, 8};
                     job.trainer.epochs = 8;
                     job.trainer.batch_size = 17;
                   }});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Cases, CudaResumeTest, ::testing::ValuesIn(device_cases()), resume_case_name);

}  // namespace
}  // namespace slalom::testing
