"""What a picture in a file is, how its pixels are read, converted and compared. Knows no job and no plugin.

Read `facts` first: everything else takes or returns it. `formats` reads them from a file without decoding it
(`file_formats` has what is specific to each format), `decoding` turns a file into samples, `colour` and
`samples` convert those, `comparing` checks a result against its source. Code that decodes runs in the child
processes of `decoding_pool`.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""Before numpy is imported: its threads would be of no use, and a process without threads forks safely."""
