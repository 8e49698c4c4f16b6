"""Parts of the Video and Live pages: a clip while it is read, its charts, and what a camera sees."""
