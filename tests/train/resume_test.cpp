// SPDX-License-Identifier: Apache-2.0
// Going on from a checkpoint is never having stopped, on the host backends.
#include "train/resume.hpp"

#include "support/message_of.hpp"

namespace slalom::testing {
namespace {

class Resume : public ::testing::TestWithParam<ResumeCase> {};

TEST_P(Resume, IsNeverHavingStopped) {
  for (const DeviceKind device : {DeviceKind::kReference, DeviceKind::kCpu}) {
    SCOPED_TRACE(std::string(name_of(device)));
    TrainJob job = resume_job(device);
    GetParam().set(job);
    expect_resumes_exactly(job, 3);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Resume, ::testing::ValuesIn(resume_cases()), resume_case_name);

TEST(ResumeJob, TheCasesAreWhatTheirNamesSay) {
  const Table table = resume_table(kResumeRows);
  const auto run = [&](const std::string& name) {
    for (const ResumeCase& one : resume_cases()) {
      if (one.name != name) continue;
      TrainJob job = resume_job(DeviceKind::kCpu);
      one.set(job);
      return run_job(job, table, nullptr, {}).training.members;
    }
    ADD_FAILURE() << "no case " << name;
    return std::vector<MemberResult>{};
  };
  const std::vector<MemberResult> stopped = run("early_stopping");
  ASSERT_EQ(stopped.size(), 2U);
  EXPECT_NE(stopped[0].epochs, stopped[1].epochs);
  for (const MemberResult& member : stopped) EXPECT_LT(member.best_epoch, member.epochs);
  const std::vector<MemberResult> some = run("a_member_diverges");
  const auto n_diverged = std::count_if(
      some.begin(), some.end(), [](const MemberResult& member) { return member.reason == StopReason::kDiverged; });
  EXPECT_GT(n_diverged, 0);
  EXPECT_LT(n_diverged, static_cast<std::int64_t>(some.size()));
  const auto good_steps = [&](const std::string& name) {
    std::vector<std::int64_t> steps;
    const std::vector<MemberResult> members = run(name);
    for (const GuardEvent& event : members.at(0).guard) steps.push_back(event.good_step);
    return steps;
  };
  EXPECT_EQ(good_steps("the_guard_goes_back_to_the_start").at(0), 0);
  EXPECT_GT(good_steps("the_guard_goes_back_to_a_later_state").at(0), 0);
}

TEST(ResumeJob, FoldsHaveCheckpointsOfTheirOwn) {
  const Table table = resume_table(kResumeRows);
  TrainJob job = resume_job(DeviceKind::kCpu);
  job.folds = 3;
  const JobResult expected = run_job(job, table, nullptr, {});
  ASSERT_EQ(expected.folds.size(), 3U);
  const TempFolder folder;
  job.checkpoints = {.folder = folder.path("checkpoints"), .resume = true};
  JobResult found;
  int n_parts = 0;
  do {  // an interrupted job leaves out the folds that are not done
    ASSERT_LT(++n_parts, 100);
    Interrupter interrupter(4);
    Observer* const observers[] = {&interrupter};
    found = run_job(job, table, nullptr, observers, &interrupter.stop);
  } while (found.folds.size() < 3 || found.folds.back().result.reason == StopReason::kInterrupted);
  EXPECT_GT(n_parts, 8);
  EXPECT_EQ(found.model.parameters, expected.model.parameters);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(found.folds[k].result.epoch_losses, expected.folds[k].result.epoch_losses);
    EXPECT_EQ(found.folds[k].valid->loss, expected.folds[k].valid->loss);
  }
}

TEST(ResumeJob, MoreEpochsGoOnFromAFinishedRun) {
  const Table table = resume_table(kResumeRows);
  TrainJob job = resume_job(DeviceKind::kCpu);
  job.trainer.patience = 50;
  const TempFolder folder;
  job.checkpoints.folder = folder.path("checkpoints");
  (void)run_job(job, table, nullptr, {});
  job.trainer.epochs = 9;
  job.checkpoints.resume = true;
  const JobResult found = run_job(job, table, nullptr, {});
  job.checkpoints = {};
  expect_same_run(found, run_job(job, table, nullptr, {}));
  EXPECT_EQ(found.training.members.at(0).epochs, 9);
}

/// The message when a run with other settings is to go on.
std::string refusal(const std::function<void(TrainJob&)>& before, const std::function<void(TrainJob&)>& after,
                    const Table& other) {
  const TempFolder folder;
  TrainJob job = resume_job(DeviceKind::kCpu);
  before(job);
  job.checkpoints.folder = folder.path("ck");
  (void)run_job(job, resume_table(kResumeRows), nullptr, {});
  after(job);
  job.checkpoints.resume = true;
  std::string message = message_of([&] { (void)run_job(job, other, nullptr, {}); });
  const std::string place = folder.path("ck") + "/";
  const std::size_t at = message.find(place);
  return at == std::string::npos ? message : message.erase(at, place.size());
}

TEST(ResumeJob, RefusesOtherSettingsAndData) {
  const Table same = resume_table(kResumeRows);
  const auto keep = [](TrainJob&) {};
  const auto with = [&](const std::function<void(TrainJob&)>& after) { return refusal(keep, after, same); };
  const std::string start = "--resume: step-000000000033.safetensors was made with other ";
  EXPECT_EQ(with([](TrainJob& job) { job.trainer.optimizer.learning_rate = 0.5; }),
            start + "settings: --lr: found 0.02, expected 0.5");
  EXPECT_EQ(with([](TrainJob& job) { job.trainer.optimizer.beta1 = 0.5; }),
            start + "settings: --beta1: found by default, expected 0.5");
  EXPECT_EQ(with([](TrainJob& job) { job.restarts = 2; }), start + "settings: --restarts: found 1, expected 2");
  EXPECT_EQ(with([](TrainJob& job) { job.trainer.seed = 2; }), start + "settings: --seed: found 1, expected 2");
  EXPECT_EQ(with([](TrainJob& job) { job.trainer.batch_size = 0; }),
            start + "settings: --batch-size: found 5, expected all");
  EXPECT_EQ(with([](TrainJob& job) { job.device = DeviceKind::kReference; }),
            start + "settings: --device: found cpu, expected reference");
  EXPECT_EQ(with([](TrainJob& job) {
              job.preprocess.drop = {"kind", "b"};
            }),
            start + "data: number of feature columns: found 2, expected 1");
  EXPECT_EQ(with([](TrainJob& job) { job.preprocess.drop = {"b"}; }),
            start + "data: feature column 2: found b, expected kind");
  EXPECT_EQ(with([](TrainJob& job) { job.valid_fraction = 0.5; }),
            start + "data: number of training rows: found 51, expected 32");
  EXPECT_EQ(refusal(keep, keep, resume_table(kResumeRows + 1)),
            start + "data: number of training rows: found 51, expected 52");
  EXPECT_EQ(refusal([](TrainJob& job) { job.trainer.schedule.kind = ScheduleKind::kCosine; },
                    [](TrainJob& job) { job.trainer.epochs = 9; }, same),
            start + "settings: --epochs: found 3, expected 9");
}

TEST(ResumeJob, ThreadsTimeAndMemoryMayDiffer) {
  const TempFolder folder;
  const Table table = resume_table(kResumeRows);
  TrainJob job = resume_job(DeviceKind::kCpu);
  const JobResult expected = run_job(job, table, nullptr, {});
  Interrupter interrupter(3);
  Observer* const observers[] = {&interrupter};
  job.checkpoints.folder = folder.path("ck");
  (void)run_job(job, table, nullptr, observers, &interrupter.stop);
  job.checkpoints.resume = true;
  job.threads = 2;
  job.trainer.max_seconds = 0.0;
  job.device_memory = 1 << 20;
  expect_same_run(run_job(job, table, nullptr, {}), expected);
}

TEST(ResumeJob, OneChangedCellIsOtherData) {
  Table other = resume_table(kResumeRows);
  Column& last = other.columns.back();
  NumericColumn y = last.numeric();
  y.values[0] += 1e-3;
  last = Column("y", std::move(y));
  const auto keep = [](TrainJob&) {};
  EXPECT_NE(refusal(keep, keep, other).find("data: checksum of "), std::string::npos);
}

}  // namespace
}  // namespace slalom::testing
