# The flags of every platform that Mongoose OS compiles an app for, in one: what one of them warns of is an error on all.
UNION := -std=gnu99 -Wall -Wextra -Wundef -Werror -Wno-array-bounds
