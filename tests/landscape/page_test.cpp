// SPDX-License-Identifier: Apache-2.0
// The page of a landscape: what is in it, and what a hostile name cannot do to it.
#include "landscape/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slalom::landscape {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(LandscapePage, HasAChartATableAndASliderForEveryPicture) {
  const Surface surface = built_in_surface("himmelblau");
  const Settings settings{.pictures = picture_ids(), .contenders = {{OptimizerKind::kSgd, {}}}};
  const std::string page =
      landscape_page(surface, make_pictures(surface, settings), "slalom landscape himmelblau").html();
  for (const std::string& id : picture_ids()) {
    EXPECT_THAT(page, HasSubstr("data-chart=\"" + id + "\""));
    EXPECT_THAT(page, HasSubstr("id=\"" + id + "-step\" data-signal=\"step\""));
    EXPECT_THAT(page, HasSubstr("data-play=\"" + id + "-step\""));
    EXPECT_THAT(page, HasSubstr("data-chart=\"" + id + "-values\""));
    EXPECT_THAT(page, HasSubstr("data-table=\"" + id + "\""));
  }
  EXPECT_THAT(page, HasSubstr("<td class=\"number\">(3, 2)</td>"));
  EXPECT_THAT(page, HasSubstr("slalom landscape himmelblau</pre>"));
}

TEST(LandscapePage, NamesOfColumnsAreNoMarkup) {
  Table table;
  table.source = "data.csv";
  table.n_rows = 3;
  table.columns.emplace_back("<script>alert(1)</script>", NumericColumn{{1.0, 2.0, 4.0}});
  table.columns.emplace_back("</script><b>\"y\" & 'z'", NumericColumn{{2.0, 3.0, 7.0}});
  PreprocessOptions options;
  options.targets = {"</script><b>\"y\" & 'z'"};
  options.scaling = options.target_scaling = Scaling::kNone;
  Notes notes;
  const Surface surface = regression_surface(table, options, notes);
  const Settings settings{.pictures = {"path"}, .contenders = {{OptimizerKind::kSgd, {}}}};
  const std::string page = landscape_page(surface, make_pictures(surface, settings), "slalom '<i>'").html();
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("</script><b>")));
  EXPECT_THAT(page, Not(HasSubstr("<i>")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

}  // namespace
}  // namespace slalom::landscape
