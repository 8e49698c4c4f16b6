# The app in a container, for hosts other than Streamlit Community Cloud; see the deployment page of the documentation.
FROM python:3.11-slim

RUN useradd --create-home --uid 10001 emotiscan
WORKDIR /app

# The packages change seldom and are large: a layer of their own, before the code.
COPY requirements.txt ./
# Address of PyTorch's own index of CPU builds; without it torch brings gigabytes of libraries for graphics cards.
ARG TORCH_INDEX=""
RUN pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "${TORCH_INDEX}"} -r requirements.txt

COPY .streamlit/ .streamlit/
COPY samples/ samples/
COPY weights/ weights/
COPY emotiscan/ emotiscan/
COPY streamlit_app.py ./

USER 10001
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "streamlit_app.py", "--server.address=0.0.0.0", "--server.port=8501", \
     "--server.headless=true", "--server.fileWatcherType=none"]
