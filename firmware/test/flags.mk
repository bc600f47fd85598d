# The union of every Mongoose OS platform's warning flags: a warning on one is an error on all.
UNION := -std=gnu99 -Wall -Wextra -Wundef -Werror -Wno-array-bounds
