#include "framework/core/shape.h"

#include <doctest/doctest.h>

#include "framework/core/check.h"

using namespace cf;

TEST_CASE("a shape counts from both ends") {
  const Shape s = {2, 3, 5};
  CHECK(s.rank() == 3);
  CHECK(s.numel() == 30);
  CHECK(s[0] == 2);
  CHECK(s[-1] == 5);
  CHECK(s.axis(-3) == 0);
  CHECK(s.str() == "(2, 3, 5)");
  CHECK_THROWS_AS(s.axis(3), Error);
  CHECK_THROWS_AS(s.axis(-4), Error);
  CHECK(Shape().numel() == 1);
  CHECK(Shape{4, 0}.numel() == 0);
}

TEST_CASE("shapes differ by rank and by extent") {
  CHECK(Shape{2, 3} == Shape{2, 3});
  CHECK_FALSE(Shape{2, 3} == Shape{2, 3, 1});
  CHECK_FALSE(Shape{2, 3} == Shape{3, 2});
}

TEST_CASE("a shape refuses what it cannot be") {
  CHECK_THROWS_AS((Shape{-1}), Error);
  CHECK_THROWS_AS((Shape{1, 1, 1, 1, 1, 1, 1}), Error);
}

TEST_CASE("broadcasting aligns at the last dimension") {
  CHECK(broadcast_shapes({2, 1, 4}, {3, 1}, "add") == Shape{2, 3, 4});
  CHECK(broadcast_shapes({}, {5}, "add") == Shape{5});
  CHECK(broadcast_shapes({1}, {0}, "add") == Shape{0});
  CHECK_THROWS_WITH_AS(broadcast_shapes({2, 3}, {2, 4}, "add"), "add: (2, 3) and (2, 4) do not broadcast", Error);
}
