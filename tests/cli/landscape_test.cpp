// SPDX-License-Identifier: Apache-2.0
// slalom landscape, end to end: page, SVG, PNG, JSON, and its errors.
#include <gmock/gmock.h>

#include "cli/command_line.hpp"
#include "render/svg_png.hpp"

namespace slalom::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Landscape : public CommandLine {};

TEST_F(Landscape, WritesAPageAndSaysWhereEveryWayEnds) {
  const Outcome run = slalom("landscape himmelblau --out page.html");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, StartsWith("Himmelblau's function: f(x, y) = "));
  EXPECT_THAT(run.out, HasSubstr("\nWhere the start decides\noptimizer "));
  const std::string page = read("page.html");
  EXPECT_THAT(page, StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(page, HasSubstr("data-chart=\"optimizers\""));
  EXPECT_THAT(page, HasSubstr("landscape himmelblau --out page.html</pre>"));
}

TEST_F(Landscape, DrawsSvgAndPngWithoutABrowser) {
  const Outcome run =
      slalom("landscape rosenbrock --picture rates --svg a.svg --png a.png --width 640 --scale-png 1 --quiet");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "");
  const std::string svg = read("a.svg");
  EXPECT_THAT(svg, StartsWith("<svg "));
  EXPECT_THAT(svg, HasSubstr("width=\"640\""));
  EXPECT_THAT(svg, HasSubstr(">Rosenbrock's valley: A good rate beside one that</text>"));  // no wider than the picture
  EXPECT_THAT(svg, HasSubstr(">overshoots</text>"));
  for (const char* legend :
       {">start<", ">known minimum<", ">f, where the ground's colour changes<", ">0<", ">0.1<", ">1000<"}) {
    EXPECT_THAT(svg, HasSubstr(legend));
  }
  EXPECT_THAT(svg, HasSubstr("sgd, learning rate 0.0045"));
  EXPECT_EQ(render::svg_png(svg, 1.0), read("a.png"));  // well-formed, and drawn from the same
  EXPECT_GT(read("a.png").size(), 20000U);
}

TEST_F(Landscape, TheSameCommandGivesTheSameBytes) {
  for (const char* folder : {"one", "two"}) {
    const Outcome run = shell("mkdir " + std::string(folder) + " && cd " + folder +
                              " && " SLALOM_BINARY
                              " landscape saddle --picture starts --svg a.svg --png a.png --out a.html --quiet --dark");
    EXPECT_EQ(run.status, 0) << run.err;
  }
  for (const char* name : {"/a.svg", "/a.png", "/a.html"}) {
    EXPECT_EQ(read(std::string("one") + name), read(std::string("two") + name)) << name;
  }
}

TEST_F(Landscape, JsonHoldsEveryPoint) {
  const Outcome run = slalom(
      "landscape bowl --picture path,optimizers --optimizers sgd=0.1,lion --start -1,1 --steps 7 --json --quiet");
  EXPECT_EQ(run.status, 0) << run.err;
  const nlohmann::json json = run.json();
  EXPECT_EQ(json["surface"]["name"], "bowl");
  ASSERT_EQ(json["pictures"].size(), 2U);
  const nlohmann::json& way = json["pictures"][0]["panels"][0]["ways"][0];
  EXPECT_EQ(way["optimizer"], "sgd");
  ASSERT_EQ(way["path"].size(), 8U);
  EXPECT_EQ(way["path"][0]["x"], -1.0);
  EXPECT_DOUBLE_EQ(way["path"][1]["x"], -0.8);  // x - 0.1 2 x
  EXPECT_DOUBLE_EQ(way["path"][1]["y"], 0.7);   // y - 0.1 3 y
  EXPECT_EQ(json["pictures"][1]["panels"][1]["ways"][0]["optimizer"], "lion");
}

TEST_F(Landscape, DescendsOnTheErrorOfAFile) {
  write("data.csv", "x,\"a<b>\",y\n0,1,1\n1,2,3\n2,1,5\n3,2,7\n");
  const Outcome run = slalom(
      "landscape --data data.csv --feature x --target y --picture path --steps 4000 --json --out page.html --svg "
      "a.svg");
  EXPECT_EQ(run.status, 0) << run.err;
  const nlohmann::json json = run.json();
  const nlohmann::json& end = json["pictures"][0]["panels"][0]["ways"][0]["end"];
  EXPECT_NEAR(end["x"].get<double>(), 2.0, 1e-6);
  EXPECT_NEAR(end["y"].get<double>(), 1.0, 1e-6);
  EXPECT_EQ(json["surface"]["x_name"], "slope of x");
  const Outcome hostile = slalom(
      "landscape --data data.csv --feature 'a<b>' --target y --picture path --quiet --out page.html --svg a.svg");
  EXPECT_EQ(hostile.status, 0) << hostile.err;
  EXPECT_THAT(read("page.html"), Not(HasSubstr("a<b>")));
  EXPECT_THAT(read("a.svg"), Not(HasSubstr("a<b>")));
  EXPECT_THAT(read("a.svg"), HasSubstr("a&lt;b&gt;"));
}

TEST_F(Landscape, TakesTheTrainersConstantsAndSchedules) {
  const auto end_of = [&](const std::string& flags) {
    const Outcome run = slalom("landscape rosenbrock --picture path --json --quiet " + flags);
    EXPECT_EQ(run.status, 0) << run.err;
    return run.json()["pictures"][0]["panels"][0]["ways"][0]["end"]["x"].get<double>();
  };
  const double plain = end_of("--optimizers adam=0.1");
  EXPECT_NE(end_of("--optimizers adam=0.1 --beta1 0.5"), plain);
  EXPECT_NE(end_of("--optimizers adam=0.1 --schedule cosine"), plain);
  EXPECT_NE(end_of("--optimizers adam=0.1 --clip-norm 0.01 --weight-decay 0.1"), plain);
}

TEST_F(Landscape, SaysThatAWayLeavesThePicture) {
  const Outcome run = slalom("landscape rosenbrock --picture path --optimizers sgd=1 --out page.html --svg a.svg");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("  diverged\n"));
  EXPECT_THAT(read("page.html"), HasSubstr("points lie outside the picture"));
  EXPECT_THAT(read("page.html"), HasSubstr("minimize diverged: f is inf after step"));
  EXPECT_THAT(read("a.svg"), HasSubstr("points lie outside the picture"));
}

TEST_F(Landscape, NamesTheFlagThatIsWrong) {
  write("data.csv", "x,y,z\n0,1,a\n1,3,b\n");
  const auto message = [&](const std::string& flags, int status = 64) {
    const Outcome run = slalom("landscape --quiet --out page.html " + flags);
    EXPECT_EQ(run.status, status) << flags;
    EXPECT_FALSE(exists("page.html")) << flags;
    return run.err;
  };
  EXPECT_THAT(message("hill"), HasSubstr("found 'hill', expected one of bowl, valley, rosenbrock, himmelblau, saddle, "
                                         "rastrigin"));
  EXPECT_THAT(
      message("--optimizers sgd,adem"),
      StartsWith("slalom: --optimizers: found 'adem', expected NAME or NAME=RATE, separated by commas, with NAME "
                 "one of sgd, momentum, "));
  EXPECT_THAT(message("--optimizers adam=fast"), StartsWith("slalom: --optimizers: found 'adam=fast', expected"));
  EXPECT_EQ(message("--start 1"), "slalom: --start: found '1', expected two numbers: X,Y\n");
  EXPECT_EQ(message("--start nan,1"), "slalom: --start: found nan,1, expected two finite numbers: X,Y\n");
  EXPECT_EQ(message("--rates 0.1,-1"), "slalom: --rates: found -1, expected numbers > 0\n");
  EXPECT_EQ(message("--width 10"), "slalom: --width: found 10, expected 320 to 4000\n");
  EXPECT_EQ(message("--width 99999999999"), "slalom: --width: found 99999999999, expected 320 to 4000\n");
  EXPECT_EQ(message("--scale-png 9"), "slalom: --scale-png: found 9, expected 0.5 to 4\n");
  EXPECT_EQ(message("--target y"), "slalom: --target: found without --data, expected a file with that column\n");
  EXPECT_EQ(message("--data data.csv"), "slalom: --target: found nothing, expected the column of --data to predict\n");
  EXPECT_EQ(message("bowl --data data.csv --target y"), "slalom: --surface: found with --data, expected one of them\n");
  EXPECT_EQ(message("--data data.csv --target y", 65),
            "slalom: landscape: found 3 features (x, z=a, z=b), expected one numeric column: --feature NAME\n");
  EXPECT_THAT(message("--data none.csv --target y", 66), HasSubstr("none.csv"));
  EXPECT_EQ(message("--svg page.html"), "slalom: --svg: page.html is also the file of --out, expected another one\n");
  EXPECT_THAT(message("--png missing/a.png", 73), HasSubstr("missing/a.png"));
  EXPECT_EQ(slalom("landscape --quiet").err,
            "slalom: landscape: found --quiet and no output, expected --out, --svg, --png or --json\n");
}

}  // namespace
}  // namespace slalom::testing
