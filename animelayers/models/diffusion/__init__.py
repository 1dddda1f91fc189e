"""What every large model of diffusers needs: its folder read safely, rungs of memory, ways to be faster."""
