"""What a picture in a file is, how its pixels are read, converted and compared. Knows no job and no plugin.

Read `facts` first: everything else takes or gives it. `formats` reads them from a file without decoding it
(what is special about each format lies in `file_formats`),
`decoding` turns a file into samples, `colour` and `samples` convert those, `comparing` holds a result against
its source. Code that decodes runs in the child processes of `crew`.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""Before numpy is imported: its threads would be of no use, and a process without threads forks safely."""
